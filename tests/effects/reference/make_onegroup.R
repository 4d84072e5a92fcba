# Makes the reference cases of the one-group measures, and of their back-transformations (back/transf.json), with metafor.
# Run in this folder:  Rscript make_onegroup.R   (needs metafor and jsonlite)
suppressMessages({library(metafor); library(jsonlite)})
metafor_version <- paste("metafor", packageVersion("metafor"))

block <- function(measure, source, frame, result, options = list()) {
  frame$yi <- as.numeric(result$yi); frame$vi <- as.numeric(result$vi)
  list(measure = measure, source = source, version = metafor_version, options = options, cases = frame)
}
save_json <- function(name, content) {
  write_json(content, paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
}
plain <- function(m, frame) block(m, sprintf("escalc(\"%s\")", m), frame, do.call(escalc, c(list(measure = m), frame)))

# proportions: ordinary, one event, none, all, a group of one, rare in many
prop <- data.frame(xi = c(19, 1, 0, 10, 1, 23, 499, 0), mi = c(27, 40, 12, 0, 0, 250000, 1, 3))
prop$ni <- prop$xi + prop$mi
without_zeros <- prop[prop$xi > 0 & prop$mi > 0, ]
for (m in c("PR", "PLN", "PLO", "PAS", "PFT")) {
  run <- function(d, frame = d, options = list(), ...) {
    block(m, sprintf("escalc(\"%s\")", m), frame, escalc(m, xi = xi, mi = mi, data = d, append = FALSE, ...), options)
  }
  own <- if (m == "PR") list(add = 0.5, to = "only0") else list() # escalc adds to zeros of PR by default
  save_json(m, list(run(prop, prop[c("xi", "mi")], own), run(prop, prop[c("xi", "ni")], own),
                    run(prop, options = list(add = 0.5, to = "only0"), add = 0.5, to = "only0"),
                    run(prop, options = list(add = 0.25, to = "all"), add = 0.25, to = "all"),
                    run(prop, options = list(add = 0.5, to = "if0all"), add = 0.5, to = "if0all"),
                    run(without_zeros, options = list(to = "none"), to = "none")))
}

# probit: one arm of the probit difference, against 500 of 1000 (probit 0, variance 2 pi / 4 / 1000)
probit <- function(d, ...) {
  half <- rep(500, nrow(d))
  r <- escalc("PBIT", ai = d$xi, bi = d$mi, ci = half, di = half, ...)
  list(yi = r$yi, vi = r$vi - pi / 2 / 1000)
}
nonzero <- prop[c(1, 2, 7), ]; zeros <- transform(prop[prop$xi == 0 | prop$mi == 0, ], xi = xi + 0.5, mi = mi + 0.5)
given <- prop[prop$xi == 0 | prop$mi == 0, c("xi", "mi")]
src <- "escalc(\"PBIT\") against 500 of 1000, less the variance of that group"
save_json("PRZ", list(block("PRZ", src, nonzero[c("xi", "mi")], probit(nonzero)),
                      block("PRZ", src, nonzero[c("xi", "ni")], probit(nonzero)),
                      block("PRZ", paste0(src, ", 0.5 added beforehand"), given, probit(zeros))))

# rates: ordinary, one event, none, many, a short exposure
rate <- data.frame(xi = c(19, 1, 0, 2817, 5, 0), ti = c(122.5, 68, 40, 57, 0.4, 9000))
some <- rate[rate$xi > 0, ]
phi <- c(1, 2, 2.5, 4, 1.25, 3)
for (m in c("IR", "IRLN", "IRS", "IRFT")) {
  run <- function(d, options = list(), ...) {
    block(m, sprintf("escalc(\"%s\")", m), d, escalc(m, xi = xi, ti = ti, data = d, append = FALSE, ...), options)
  }
  spread <- run(rate); spread$source <- paste0(spread$source, ", variance times phi")
  spread$cases$vi <- phi * spread$cases$vi; spread$cases$phi <- phi
  save_json(m, list(run(rate), spread,
                    run(rate, list(add = 0.5, to = "only0"), add = 0.5, to = "only0"),
                    run(rate, list(add = 0.25, to = "all"), add = 0.25, to = "all"),
                    run(some, list(to = "none"), to = "none")))
}

# means: ordinary, three people, a mean near 0, a spread above the mean, many people
means <- data.frame(mi = c(38.5, 0.2, 0.01, 5, 103.4, 12), sdi = c(11.6, 1.5, 0.4, 9.75, 15.1, 0.003), ni = c(20, 3, 9, 30, 12000, 4))
signed <- rbind(means, data.frame(mi = c(-3, 0), sdi = c(1, 2.5), ni = c(40, 7)))
save_json("MN", list(plain("MN", signed)))
save_json("SMN", list(plain("SMN", signed)))
save_json("MNLN", list(plain("MNLN", means)))
save_json("CVLN", list(plain("CVLN", means)))
spreads <- rbind(means[c("sdi", "ni")], data.frame(sdi = 2, ni = 2))
save_json("SDLN", list(plain("SDLN", spreads)))

# reliability: ordinary, two items, near 1, negative, 0, three people
alpha <- data.frame(ai = c(0.8, 0.62, 0.995, -0.3, 0, 0.91), mi = c(5, 2, 30, 2, 12, 7), ni = c(100, 47, 12, 3, 2500, 3))
for (m in c("ARAW", "AHW", "ABT")) save_json(m, list(plain(m, alpha)))

# back-transformations, beyond both ends of the range too
back <- function(measure, source, yi, value, ...) c(list(measure = measure, source = source, version = metafor_version, yi = yi, value = value), list(...))
angle <- c(-0.2, 0, 1e-9, 0.01, 0.05, 0.1, 0.3, 0.7853981633974483, 1, 1.3, 1.5, 1.55, 1.5707963267948966, 1.6)
n <- c(10, 25, 60, 99, 400, 10, 1000, 7, 1, 50, 400, 10, 60, 25)
sizes <- c(200000, 100000, 5000, 60, 30)
root <- c(-1, 0, 1e-6, 0.02, 0.3, 1, 4.5, 120)
ti <- c(5, 10, 100, 1000, 2, 0.4, 57, 9000)
exposures <- c(12, 5000, 0.5, 80)
alphas <- c(0, 1e-9, 0.1, 0.44, 0.9, 1)
real <- c(-40, -3, -0.5, 0, 0.5, 3, 40)
save_json("back/transf", list(
  back("PFT", "transf.ipft", angle, transf.ipft(angle, n), n = n),
  back("PFT", "transf.ipft.hm", angle, transf.ipft.hm(angle, targs = list(ni = sizes)), sizes = sizes),
  back("PAS", "transf.iarcsin", angle, transf.iarcsin(angle)),
  back("IRFT", "transf.iirft", root, transf.iirft(root, ti), n = ti),
  back("IRFT", "transf.iirft with the harmonic mean", root, transf.iirft(root, 1 / mean(1 / exposures)), sizes = exposures),
  back("IRS", "transf.isqrt", root, transf.isqrt(root)),
  back("PLO", "transf.ilogit", real, transf.ilogit(real)),
  back("PRZ", "pnorm", real, pnorm(real)),
  back("PLN", "exp", real, exp(real)), back("IRLN", "exp", real, exp(real)),
  back("AHW", "transf.iahw", c(alphas, 1.2), transf.iahw(c(alphas, 1.2))),
  back("ABT", "transf.iabt", c(alphas, 3, 40), transf.iabt(c(alphas, 3, 40)))))

# the trap of the harmonic mean: a common-effect model, back-transformed with several sizes
trap <- data.frame(xi = c(200, 90, 12, 1, 1), ni = sizes)
pooled <- rma(measure = "PFT", xi = xi, ni = ni, data = trap, method = "EE")
time_trap <- data.frame(xi = c(200, 90, 12, 1, 1), ti = sizes)
rates <- rma(measure = "IRFT", xi = xi, ti = ti, data = time_trap, method = "EE")
save_json("back/trap", list(version = metafor_version, xi = trap$xi, ni = sizes,
  PFT = list(estimate = as.numeric(pooled$beta), ci = c(pooled$ci.lb, pooled$ci.ub),
             harmonic = predict(pooled, transf = transf.ipft.hm, targs = list(ni = sizes))$pred,
             n = c(1000, 10000, 200000), value = transf.ipft(as.numeric(pooled$beta), c(1000, 10000, 200000))),
  IRFT = list(estimate = as.numeric(rates$beta), ci = c(rates$ci.lb, rates$ci.ub),
              harmonic = transf.iirft(as.numeric(rates$beta), 1 / mean(1 / sizes)),
              n = c(1000, 10000, 200000), value = transf.iirft(as.numeric(rates$beta), c(1000, 10000, 200000)))))

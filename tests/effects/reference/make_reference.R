# Makes the reference cases of the effect-size measures with an implementation that is not ours.
# Run in this folder:  Rscript make_reference.R   (needs metafor and jsonlite)
suppressMessages({library(metafor); library(jsonlite)})
metafor_version <- paste("metafor", packageVersion("metafor"))
r_version <- R.version.string

write_cases <- function(measure, source, version, frame, result, options = list()) {
  frame$yi <- as.numeric(result$yi); frame$vi <- as.numeric(result$vi)
  list(measure = measure, source = source, version = version, options = options, cases = frame)
}
save_blocks <- function(name, ...) {
  write_json(list(...), paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
}

# 2x2 tables: ordinary, extreme, one zero, all events in one arm, big
tab <- data.frame(ai = c(19, 16, 4, 0, 5, 12, 1, 11786), bi = c(27, 78, 119, 10, 40, 0, 999, 41000),
                  ci = c(4, 8, 11, 3, 0, 6, 3, 12001), di = c(31, 59, 128, 9, 35, 8, 997, 40321))
for (m in c("OR", "RR", "RD")) {
  run <- function(d, ...) escalc(m, ai = ai, bi = bi, ci = ci, di = di, data = d, append = FALSE, ...)
  clean <- tab[c(1, 2, 3, 7, 8), ]
  totals <- with(tab, data.frame(ai = ai, n1i = ai + bi, ci = ci, n2i = ci + di))
  src <- paste0("escalc(\"", m, "\")")
  blocks <- list(
    write_cases(m, src, metafor_version, tab, run(tab), list(add = 0.5, to = "only0")),
    write_cases(m, src, metafor_version, totals, run(tab), list(add = 0.5, to = "only0")),
    write_cases(m, src, metafor_version, tab, run(tab, add = 0.25, to = "all"), list(add = 0.25, to = "all")),
    write_cases(m, src, metafor_version, clean, run(clean, to = "none"), list(to = "none")))
  if (m == "RD") {
    blocks <- c(blocks, list(write_cases(m, src, metafor_version, tab, run(tab, to = "none"), list(to = "none"))))
  }
  do.call(save_blocks, c(list(m), blocks))
}

ev <- data.frame(x1 = c(1, 3, 2817, 174, 0, 12), t1 = c(122, 68, 57, 1060, 40, 3.5),
                 x2 = c(7, 1, 3549, 247, 4, 25), t2 = c(120, 65, 58, 979, 38, 7.25))
irr <- function(d, ...) escalc("IRR", x1i = x1, t1i = t1, x2i = x2, t2i = t2, data = d, append = FALSE, ...)
scaled <- irr(ev); scaled$vi <- 2.5 * scaled$vi
save_blocks("IRR",
  write_cases("IRR", "escalc(\"IRR\")", metafor_version, ev, irr(ev), list(add = 0.5, to = "only0")),
  write_cases("IRR", "escalc(\"IRR\"), variance times phi", metafor_version, cbind(ev, phi = 2.5), scaled))

# RIRR has the form of an odds ratio; with exposures it is the difference of two log rate ratios
q <- data.frame(a = c(50, 207, 178, 88, 39, 10, 5), b = c(30, 110, 157, 63, 15, 0, 9),
                c = c(60, 308, 150, 64, 31, 12, 0), d = c(55, 318, 140, 74, 51, 11, 4))
rirr <- function(d, ...) escalc("OR", ai = b, bi = a, ci = d, di = c, data = d, append = FALSE, ...)
phi <- c(1, 2, 2, 1.5, 4, 3, 1.25); scaled <- rirr(q); scaled$vi <- phi * scaled$vi
expo <- cbind(q[1:5, ], ta = c(12, 6, 1, 24, 3), tb = c(6, 6, 2, 12, 4), tc = c(12, 5, 1, 24, 2), td = c(6, 7, 3, 12, 5))
treated <- escalc("IRR", x1i = b, t1i = tb, x2i = a, t2i = ta, data = expo, append = FALSE)
control <- escalc("IRR", x1i = d, t1i = td, x2i = c, t2i = tc, data = expo, append = FALSE)
save_blocks("RIRR",
  write_cases("RIRR", "escalc(\"OR\") of (b, a; d, c)", metafor_version, q, rirr(q), list(add = 0.5, to = "only0")),
  write_cases("RIRR", "escalc(\"OR\") of (b, a; d, c)", metafor_version, q, rirr(q, to = "all"), list(to = "all")),
  write_cases("RIRR", "escalc(\"OR\") of (b, a; d, c), variance times phi", metafor_version, cbind(q, phi = phi), scaled),
  write_cases("RIRR", "difference of two escalc(\"IRR\")", metafor_version, expo,
              list(yi = treated$yi - control$yi, vi = treated$vi + control$vi)))

# effects as reported: written out here from Cochrane Handbook 6.3.1 and 6.3.2 with R's own quantiles
g <- data.frame(
  estimate = c(0.33, 1.42, -39, -20.1, -0.151, 0.2433, -37, 0.75, -2.5842, 0.8, 1.54, 5.89, 1.27, NA, -6, -0.4),
  scale_reported = c("ratio", "ratio", "percent_change", "percent_change", "log_ratio", "log_ratio", "percent_change",
                     "ratio", "percent_change", "ratio", "difference", "difference", "ratio", "ratio", "difference", "log_ratio"),
  se = NA, ci_low = NA, ci_high = NA, ci_level = NA, t = NA, p = NA, df = NA, standardiser = NA, inverted = NA)
g[1, c("ci_low", "ci_high")] <- c(0.18, 0.61)
g[2, c("ci_low", "ci_high", "ci_level")] <- c(1.26, 1.61, 90)
g[3, c("ci_low", "ci_high")] <- c(-50, -28)
g[4, c("ci_low", "ci_high", "ci_level")] <- c(-35.6, -0.9, 90)
g$se[5] <- 0.033
g[6, c("ci_low", "ci_high")] <- c(0.06, 0.42)
g$p[7] <- 0.07; g$p[8] <- 0.022; g$se[9] <- 0.4158; g$se[10] <- 0.09
g[11, c("ci_low", "ci_high", "standardiser")] <- c(0.50, 2.59, 21.5)
g[12, c("se", "standardiser")] <- c(2.6, 10)
g$t[13] <- 2.4
g[14, c("ci_low", "ci_high", "inverted")] <- c(0.99, 1.34, 1)
g[15, c("p", "df")] <- c(0.03, 12)
g[16, c("ci_low", "ci_high", "df", "inverted")] <- c(-0.7, -0.1, 20, 1)
z <- qnorm(0.975); z90 <- qnorm(0.95)
yi <- c(log(0.33), log(1.42), log(0.61), log(1 - 0.201), -0.151, 0.2433, log(0.63), log(0.75), log(1 - 0.025842), log(0.8),
        1.54 / 21.5, 0.589, log(1.27), -(log(0.99) + log(1.34)) / 2, -6, 0.4)
se <- c((log(0.61) - log(0.18)) / (2 * z), log(1.61 / 1.26) / (2 * z90), log(0.72 / 0.5) / (2 * z), log(0.991 / 0.644) / (2 * z90),
        0.033, 0.36 / (2 * z), -log(0.63) / qnorm(1 - 0.035), -log(0.75) / qnorm(1 - 0.011), 0.004158 / (1 - 0.025842), 0.09 / 0.8,
        (2.59 - 0.5) / (2 * z) / 21.5, 0.26, log(1.27) / 2.4, log(1.34 / 0.99) / (2 * z), 6 / qt(1 - 0.015, 12), 0.6 / (2 * qt(0.975, 20)))
save_blocks("GEN", write_cases("GEN", "Cochrane Handbook 6.3.1 and 6.3.2, case by case in R", r_version, g, list(yi = yi, vi = se^2)))

h <- data.frame(estimate_t = c(0.72, -8.74, 3, 0.1), ci_low_t = c(0.58, -16.47, 1, 0), ci_high_t = c(0.89, -1.02, 5, 0.2),
                estimate_c = c(0.93, 0.31, 2, 0.3), ci_low_c = c(0.7, -3.64, 0, 0.1), ci_high_c = c(1.25, 4.27, 4, 0.5),
                scale_reported = c("ratio", "percent_change", "difference", "log_ratio"), ci_level = c(95, 95, 90, 99))
zz <- c(z, z, z90, qnorm(0.995))
f <- list(log, function(v) log(1 + v / 100), identity, identity)
on <- function(column) mapply(function(fun, v) fun(v), f, h[[column]])
half <- function(arm) (on(paste0("ci_high_", arm)) - on(paste0("ci_low_", arm))) / (2 * zz)
save_blocks("GENDIFF", write_cases("GENDIFF", "Altman & Bland (2003), case by case in R", r_version, h,
  list(yi = on("estimate_t") - on("estimate_c"), vi = half("t")^2 + half("c")^2)))

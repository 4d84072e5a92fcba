# Makes the reference cases of the measures of two means and of the conversions of medians.
# Run in this folder:  Rscript make_means.R   (needs metafor and jsonlite)
suppressMessages({library(metafor); library(jsonlite)})
metafor_version <- paste("metafor", packageVersion("metafor")); r_version <- R.version.string
block <- function(measure, source, version, frame, result, options = list()) {
  frame$yi <- as.numeric(result$yi); frame$vi <- as.numeric(result$vi)
  list(measure = measure, source = source, version = version, options = options, cases = frame)
}
save_blocks <- function(name, ...) {
  write_json(list(...), paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
}
J <- function(m) exp(lgamma(m / 2) - lgamma((m - 1) / 2)) / sqrt(m / 2)
approximate <- function(m) 1 - 3 / (4 * m - 1)

# Morris (2008) post-test groups, tiny groups, big groups, equal means, unequal spread and size
me <- data.frame(m1i = c(38.5, 26.8, 0.7, 75.9, 10.2, 5, 103.4, 12), sd1i = c(11.6, 4.1, 0.1, 4.4, 2.5, 1, 15.1, 2),
                 n1i = c(20, 50, 9, 10, 2, 30, 12000, 6), m2i = c(19.7, 25.3, 0.6, 60.7, 9.1, 5, 101.2, 10),
                 sd2i = c(14.8, 3.3, 0.2, 17.9, 3.5, 2, 14.7, 9), n2i = c(20, 42, 9, 11, 4, 12, 8000, 40))
run <- function(m, d = me, ...) {
  escalc(m, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = d, append = FALSE, ...)
}
plain_of <- function(m) if (m %in% c("ROM", "CVR")) list(correction = "none") else list()
by <- function(m, v) {
  if (v == "UB") { me$n1i[7] <- 1200; me$n2i[7] <- 800 } # with 20,000 people lgamma leaves metafor's UB fewer than ten digits
  block(m, paste0("escalc(\"", m, "\", vtype = \"", v, "\")"), metafor_version, me, run(m, me, vtype = v), c(list(vtype = v), plain_of(m)))
}
attach(me); df <- n1i + n2i - 2; sp <- sqrt(((n1i - 1) * sd1i^2 + (n2i - 1) * sd2i^2) / df); d <- (m1i - m2i) / sp
case <- function(m, source, yi, vi, options = list()) block(m, source, r_version, me, list(yi = yi, vi = vi), options)

# stand-ins: SE, interval by t and by the normal, quartiles, range, five numbers, in either arm
st <- data.frame(m1i = c(10, NA, 10, 10, NA, NA), sd1i = c(NA, NA, 2, 2, NA, NA), n1i = c(16, 25, 12, 12, 30, 60),
  se1i = c(0.5, NA, NA, NA, NA, NA), ci_low1i = c(NA, 8.1, NA, NA, NA, NA), ci_high1i = c(NA, 11.7, NA, NA, NA, NA),
  min1i = c(NA, NA, NA, NA, NA, 2), q1_1i = c(NA, NA, NA, NA, 8.2, 7), med1i = c(NA, NA, NA, NA, 10, 9.5),
  q3_1i = c(NA, NA, NA, NA, 11.1, 12), max1i = c(NA, NA, NA, NA, NA, 19),
  m2i = c(8, 9, 9.5, NA, NA, 8), sd2i = c(NA, NA, NA, NA, NA, 3), n2i = c(20, 25, 14, 40, 35, 55),
  se2i = c(NA, 0.6, NA, NA, NA, NA), ci_low2i = c(7.2, NA, 8.8, NA, NA, NA), ci_high2i = c(8.8, NA, 10.2, NA, NA, NA),
  min2i = c(NA, NA, NA, 3, 1, NA), q1_2i = NA, med2i = c(NA, NA, NA, 8.8, 7, NA), q3_2i = NA, max2i = c(NA, NA, NA, 14, 15, NA),
  ci_level = c(90, 95, 95, 95, 95, 95), ci_quantile = c("t", "t", "normal", "t", "t", "t"))
ends <- function(n) qnorm((n - 0.375) / (n + 0.25)); middle <- function(n) qnorm((0.75 * n - 0.125) / (n + 0.25))
luo <- function(a, q1, m, q3, b, n) {
  if (is.na(q1)) { w <- 4 / (4 + n^0.75); return(w * (a + b) / 2 + (1 - w) * m) }
  if (is.na(a)) { w <- 0.7 + 0.39 / n; return(w * (q1 + q3) / 2 + (1 - w) * m) }
  w <- 2.2 / (2.2 + n^0.75); u <- 0.7 - 0.72 / n^0.55
  w * (a + b) / 2 + u * (q1 + q3) / 2 + (1 - w - u) * m
}
wan_shi <- function(a, q1, m, q3, b, n) {
  if (is.na(q1)) return((b - a) / (2 * ends(n)))
  if (is.na(a)) return((q3 - q1) / (2 * middle(n)))
  weight <- 1 / (1 + 0.07 * n^0.6)
  weight * (b - a) / (2 * ends(n)) + (1 - weight) * (q3 - q1) / (2 * middle(n))
}
full <- data.frame(m1i = NA, sd1i = NA, n1i = st$n1i, m2i = NA, sd2i = NA, n2i = st$n2i)
for (i in seq_len(nrow(st))) for (arm in 1:2) {
  v <- function(stem, end = "i") st[[paste0(stem, arm, end)]][i]
  n <- v("n"); p <- 0.5 + st$ci_level[i] / 200; half <- (v("ci_high") - v("ci_low")) / 2
  five <- list(v("min"), v("q1_"), v("med"), v("q3_"), v("max"), n)
  by_interval <- half * sqrt(n) / if (st$ci_quantile[i] == "t") qt(p, n - 1) else qnorm(p)
  sds <- c(v("sd"), v("se") * sqrt(n), by_interval, if (is.na(v("med"))) NA else do.call(wan_shi, five))
  means <- c(v("m"), (v("ci_low") + v("ci_high")) / 2, if (is.na(v("med"))) NA else do.call(luo, five))
  full[[paste0("m", arm, "i")]][i] <- means[!is.na(means)][1]; full[[paste0("sd", arm, "i")]][i] <- sds[!is.na(sds)][1]
}
stand_ins <- function(m) block(m, paste0("escalc(\"", m, "\") of means and SDs by Cochrane Handbook 6.5.2.2, Luo 2018, Wan 2014, Shi 2020 in R"),
                               paste(metafor_version, r_version), st, run(m, full), plain_of(m))

save_blocks("MD", by("MD", "LS"), by("MD", "HO"), stand_ins("MD"))

# SMD from d, t, F and p
te <- data.frame(di = c(0.5, -1.2, NA, NA, NA, NA, NA, NA), di_corrected = 0, ti = c(NA, NA, 2.31, -0.4, NA, NA, NA, NA),
  fi = c(NA, NA, NA, NA, 5.29, 0.3, NA, NA), p = c(NA, NA, NA, NA, NA, NA, 0.031, 1e-8), sign = c(NA, NA, NA, NA, -1, 1, 1, -1),
  n1i = c(8, 30, 12, 100, 15, 9, 20, 60), n2i = c(15, 28, 14, 90, 11, 9, 33, 61))
tdf <- te$n1i + te$n2i - 2
tt <- ifelse(!is.na(te$ti), te$ti, ifelse(!is.na(te$fi), te$sign * sqrt(te$fi), te$sign * qt(te$p / 2, tdf, lower.tail = FALSE)))
printed <- function(v) {
  r <- rbind(escalc("SMD", di = di, n1i = n1i, n2i = n2i, data = te[1:2, ], append = FALSE, vtype = v),
             escalc("SMD", ti = tt[3:8], n1i = te$n1i[3:8], n2i = te$n2i[3:8], vtype = v))
  block("SMD", paste0("escalc(\"SMD\", di =, ti =, vtype = \"", v, "\"), t by sqrt(F) and by qt"), metafor_version, te, r, list(vtype = v))
}
g_given <- data.frame(di = c(0.5, -1.2, 0.08, 2), di_corrected = 1, n1i = c(8, 30, 12, 5), n2i = c(15, 28, 14, 5))
g <- approximate(df) * d
save_blocks("SMD", by("SMD", "LS"), by("SMD", "LS2"), by("SMD", "UB"), stand_ins("SMD"), printed("LS"), printed("LS2"), printed("UB"),
  case("SMD", "Hedges 1982, equation 8, with J = 1 - 3/(4 df - 1), case by case in R", g, 1 / n1i + 1 / n2i + g^2 / (2 * (n1i + n2i)), list(correction = "approximate")),
  case("SMD", "Borenstein 2009, 12.17, with J = 1 - 3/(4 df - 1), case by case in R", g,
       approximate(df)^2 * (1 / n1i + 1 / n2i + d^2 / (2 * (n1i + n2i))), list(correction = "approximate", vtype = "LS2")),
  case("SMD", "Cohen's d, Hedges 1982, equation 8, case by case in R", d, 1 / n1i + 1 / n2i + d^2 / (2 * (n1i + n2i)), list(correction = "none")),
  case("SMD", "Cohen's d, Hedges 1983, equation 9, over J^2, case by case in R", d,
       (1 / n1i + 1 / n2i) / J(df)^2 + d^2 * (1 - (df - 2) / (df * J(df)^2)), list(correction = "none", vtype = "UB")),
  block("SMD", "Hedges 1982, equation 8, of a printed g, case by case in R", r_version, g_given,
        with(g_given, list(yi = di, vi = 1 / n1i + 1 / n2i + di^2 / (2 * (n1i + n2i))))))

save_blocks("SMD1", by("SMD1", "LS"), by("SMD1", "LS2"), by("SMD1", "UB"),
  case("SMD1", "large-sample variance with J = 1 - 3/(4 df - 1), case by case in R", approximate(n2i - 1) * (m1i - m2i) / sd2i,
       1 / n1i + 1 / n2i + (approximate(n2i - 1) * (m1i - m2i) / sd2i)^2 / (2 * n2i), list(correction = "approximate")))

# variances by Bonett, times J^2 (metafor 3.8.1 puts g for d in them); yi is that of escalc
half <- (sd1i^2 + sd2i^2) / 2; dh <- (m1i - m2i) / sqrt(half)
bonett <- dh^2 * (sd1i^4 / (n1i - 1) + sd2i^4 / (n2i - 1)) / (8 * half^2) + (sd1i^2 / (n1i - 1) + sd2i^2 / (n2i - 1)) / half
stopifnot(all.equal(as.numeric(run("SMDH")$yi), J(df) * dh))
stopifnot(all.equal(as.numeric(run("SMDH")$vi), J(df)^2 * (bonett - (1 - J(df)^2) * dh^2 * (sd1i^4 / (n1i - 1) + sd2i^4 / (n2i - 1)) / (8 * half^2))))
save_blocks("SMDH", case("SMDH", "escalc(\"SMDH\"); vi: Bonett 2009 times J^2, case by case in R", as.numeric(run("SMDH")$yi), J(df)^2 * bonett),
  case("SMDH", "Bonett 2009 with J = 1 - 3/(4 df - 1), case by case in R", approximate(df) * dh, approximate(df)^2 * bonett, list(correction = "approximate")))
dg <- (m1i - m2i) / sd2i
glass <- sd1i^2 / sd2i^2 / (n1i - 1) + 1 / (n2i - 1) + dg^2 / (2 * (n2i - 1))
save_blocks("SMD1H", case("SMD1H", "escalc(\"SMD1H\"); vi: Bonett 2008 times J^2, case by case in R", as.numeric(run("SMD1H")$yi), J(n2i - 1)^2 * glass),
  case("SMD1H", "Bonett 2008 with J = 1 - 3/(4 df - 1), case by case in R", approximate(n2i - 1) * dg, approximate(n2i - 1)^2 * glass, list(correction = "approximate")))

u <- sd1i^2 / (n1i * m1i^2); v <- sd2i^2 / (n2i * m2i^2); up <- sp^2 / (n1i * m1i^2); vp <- sp^2 / (n2i * m2i^2)
second <- function(u, v) list(yi = log(m1i / m2i) + (u - v) / 2, vi = u + v + (u^2 + v^2) / 2)
save_blocks("ROM", by("ROM", "LS"), by("ROM", "HO"), stand_ins("ROM"),
  block("ROM", "Lajeunesse 2015, RR-delta, case by case in R", r_version, me, second(u, v), list(correction = "second_order")),
  block("ROM", "Lajeunesse 2015, RR-delta, pooled SD, case by case in R", r_version, me, second(up, vp), list(correction = "second_order", vtype = "HO")))
save_blocks("CVR", block("CVR", "escalc(\"CVR\")", metafor_version, me, run("CVR"), plain_of("CVR")), stand_ins("CVR"),
  case("CVR", "Senior, Viechtbauer & Nakagawa 2020, as VR minus the corrected ROM, case by case in R",
       log(sd1i / sd2i) + (1 / (n1i - 1) - 1 / (n2i - 1)) / 2 - second(u, v)$yi,
       second(u, v)$vi + n1i / (2 * (n1i - 1)^2) + n2i / (2 * (n2i - 1)^2), list(correction = "second_order")))
save_blocks("VR", block("VR", "escalc(\"VR\")", metafor_version, me, run("VR")), stand_ins("VR"))

# ratios of geometric means: triglycerides of Higgins, White & Anzures-Cabrera (2008) among others
ra <- data.frame(m1i = c(2.10, 2.05, 1.12, 40, 7), sd1i = c(1.46, 1.21, 0.34, 38, 1), n1i = c(241, 14, 71, 30, 9),
                 m2i = c(1.85, 1.57, 0.99, 55, 8), sd2i = c(1.54, 1.11, 0.80, 31, 2), n2i = c(8429, 364, 1608, 25, 12))
s1 <- sqrt(log(1 + ra$sd1i^2 / ra$m1i^2)); s2 <- sqrt(log(1 + ra$sd2i^2 / ra$m2i^2))
ratio <- log(ra$m1i) - s1^2 / 2 - log(ra$m2i) + s2^2 / 2; width <- 1 / ra$n1i + 1 / ra$n2i
s2p <- ((ra$n1i - 1) * s1^2 + (ra$n2i - 1) * s2^2) / (ra$n1i + ra$n2i - 2)
moments <- function(m, sd, n) { # delta method on mean and second moment of a log-normal
  w <- 1 + sd^2 / m^2; s <- matrix(c(w - 1, w^2 - 1, w^2 - 1, w^4 - 1), 2); b <- c(2, -0.5)
  as.numeric(b %*% s %*% b) / n
}
delta <- mapply(moments, ra$m1i, ra$sd1i, ra$n1i) + mapply(moments, ra$m2i, ra$sd2i, ra$n2i)
raw <- function(words, yi, vi, ...) block("GMR", paste("Higgins 2008,", words, "case by case in R"), r_version, ra, list(yi = yi, vi = vi), list(...))
lo <- data.frame(m1i = c(1.05, 0.31, 0.4, 2.6, 2.6), sd1i = c(0.37, 0.58, NA, 1.9, NA), n1i = c(241, 34, 20, 60, 60), se1i = c(NA, NA, 0.1, NA, NA),
                 ci_low1i = c(NA, NA, NA, NA, 2.1), ci_high1i = c(NA, NA, NA, NA, 3.2),
                 m2i = c(0.98, 0.33, 0.6, 2.1, 2.1), sd2i = c(0.34, 0.53, 0.2, 2.2, 2.2), n2i = c(8429, 1002, 25, 70, 70),
                 data_scale = c("log", "log", "log", "geometric", "geometric"), log_base = c("e", "e", "10", "e", "e"))
lz <- c(0.07, -0.02, -0.2 * log(10), log(2.6 / 2.1), log(2.6 / 2.1))
lv <- c(0.37^2 / 241 + 0.34^2 / 8429, 0.58^2 / 34 + 0.53^2 / 1002, (0.1^2 + 0.2^2 / 25) * log(10)^2,
        log(1.9)^2 / 60 + log(2.2)^2 / 70, (log(3.2 / 2.1) / (2 * qt(0.975, 59)))^2 + log(2.2)^2 / 70)
qu <- data.frame(med1i = c(4, 12, 3), q1_1i = c(2, 7, 1.5), q3_1i = c(9, 30, 5), min1i = c(NA, 1, NA), max1i = c(NA, 200, NA), n1i = c(40, 90, 25),
                 med2i = c(5, 10, 4), q1_2i = c(3, NA, 2), q3_2i = c(8, NA, 9), min2i = c(NA, 2, NA), max2i = c(NA, 70, NA), n2i = c(42, 88, 20))
on_log <- function(f, arm) mapply(f, log(qu[[paste0("min", arm, "i")]]), log(qu[[paste0("q1_", arm, "i")]]), log(qu[[paste0("med", arm, "i")]]),
                                  log(qu[[paste0("q3_", arm, "i")]]), log(qu[[paste0("max", arm, "i")]]), qu[[paste0("n", arm, "i")]])
save_blocks("GMR",
  raw("method 1,", ratio, s1^2 / ra$n1i + s2^2 / ra$n2i), raw("method 1, variance by the delta method,", ratio, delta, se_method = "delta"),
  raw("method 2,", log(ra$m1i / ra$m2i), s2p * width, raw_method = "equal_sd"),
  raw("method 2, variance by the delta method,", log(ra$m1i / ra$m2i), (exp(s2p) - 1) * width, raw_method = "equal_sd", se_method = "delta"),
  block("GMR", "escalc(\"ROM\"), which method 3 of Higgins 2008 is", metafor_version, ra, run("ROM", ra), list(raw_method = "taylor")),
  block("GMR", "difference of log means, case by case in R", r_version, lo, list(yi = lz, vi = lv)),
  block("GMR", "Luo 2018, Wan 2014, Shi 2020 on the log scale, case by case in R", r_version, qu,
        list(yi = on_log(luo, 1) - on_log(luo, 2), vi = on_log(wan_shi, 1)^2 / qu$n1i + on_log(wan_shi, 2)^2 / qu$n2i)))

# quantile estimation, written out from McGrath et al. (2020) with R's own quantile functions and optimisers
fit <- function(f, q, p, starts) { # f(shape, p): quantiles up to a scale
  ss <- function(s) { b <- f(exp(s), p); k <- sum(q * b) / sum(b^2); sum((q - k * b)^2) }
  best <- Inf
  for (s in starts) {
    o <- optimize(ss, c(s - 1, s + 1), tol = 1e-10)
    if (o$objective < best) { best <- o$objective; at <- o$minimum }
  }
  b <- f(exp(at), p); list(shape = exp(at), scale = sum(q * b) / sum(b^2), ss = best)
}
qe <- function(q, p) {
  z <- qnorm(p); line <- coef(lm(q ~ z)); out <- list(list(line[1], line[2], sum((q - line[1] - line[2] * z)^2)))
  if (min(q) >= 0) {
    l <- fit(function(s, p) qlnorm(p, 0, s), q, p, seq(-5, 3, 0.5))
    m <- l$scale * exp(l$shape^2 / 2); out[[2]] <- list(m, m * sqrt(exp(l$shape^2) - 1), l$ss)
    g <- fit(function(s, p) qgamma(p, s), q, p, seq(-4, 9, 0.5)); out[[3]] <- list(g$shape * g$scale, sqrt(g$shape) * g$scale, g$ss)
    w <- fit(function(s, p) qweibull(p, s), q, p, seq(-3, 5, 0.5)); m <- gamma(1 + 1 / w$shape)
    out[[4]] <- list(w$scale * m, w$scale * sqrt(gamma(1 + 2 / w$shape) - m^2), w$ss)
  }
  if (min(q) > 0 && max(q) < 1) {
    o <- optim(c(0, 1), function(t) sum((q - qbeta(p, exp(t[1]), exp(t[2])))^2), control = list(reltol = 1e-16, maxit = 1e4))
    o <- optim(o$par, function(t) sum((q - qbeta(p, exp(t[1]), exp(t[2])))^2), control = list(reltol = 1e-16, maxit = 1e4))
    a <- exp(o$par[1]); b <- exp(o$par[2]); out[[5]] <- list(a / (a + b), sqrt(a * b / (a + b + 1)) / (a + b), o$value)
  }
  best <- which.min(sapply(out, function(o) o[[3]]))
  list(mean = as.numeric(out[[best]][[1]]), sd = as.numeric(out[[best]][[2]]), chosen = c("normal", "log-normal", "gamma", "Weibull", "beta")[best])
}
qs <- data.frame(minimum = c(2, NA, NA, 1, 0, NA, 0.02, NA, 3), q1 = c(NA, 6, -3, 4, NA, 0.1, NA, 12, NA),
                 median = c(4, 12, 0.5, 9, 3, 0.6, 0.4, 30, 10), q3 = c(NA, 25, 4, 16, NA, 0.9, NA, 38, NA),
                 maximum = c(9, NA, NA, 60, 40, NA, 0.7, NA, 14), n = c(100, 80, 40, 120, 55, 30, 25, 60, 40))
for (i in seq_len(nrow(qs))) {
  q <- unlist(qs[i, 1:5]); p <- c(1 / qs$n[i], 0.25, 0.5, 0.75, 1 - 1 / qs$n[i]); r <- qe(q[!is.na(q)], p[!is.na(q)])
  qs$mean[i] <- r$mean; qs$sd[i] <- r$sd; qs$chosen[i] <- r$chosen
}
write_json(list(conversion = "median_to_mean_sd_qe", tolerance = 2e-7, source = "McGrath 2020 with R's quantile functions, optimize and optim", version = r_version, cases = qs),
           "../reference_conversions/median_to_mean_sd_qe.json", digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)

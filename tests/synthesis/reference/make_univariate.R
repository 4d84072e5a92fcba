# Reference values for the univariate models, from metafor with tightened convergence. Run from this folder: Rscript make_univariate.R
# tau2 by ML, REML, EB, PM and PMM is first found as the root of its own estimating equation by uniroot, without metafor's
# code, then metafor is run with its threshold tightened, and the script stops where the two differ by more than 1e-9
# (relative to tau2 + mean vi); the fit that is pinned is metafor's at the root (tau2 given), so that nothing hangs on the
# threshold; its own standard error of tau2 comes from the iterated fit. DL2 and HE2 are metafor's GENQ with the weights
# 1 / (vi + first step). Profile likelihood intervals are uniroot on metafor's logLik with tau2 given.
# Generalised-Q intervals and GENQM: make_genq.R.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})

tight <- list(threshold = 1e-13, maxiter = 3000, tol = 1e-16, tau2.max = 1e6)
num <- function(x) if (is.null(x)) NA else unname(as.numeric(x))

equation <- function(t, y, v, method) {
  k <- length(y); w <- 1 / (v + t); m <- sum(w * y) / sum(w); r <- y - m; q <- sum(w * r^2)
  switch(method, PM = q - (k - 1), EB = q - (k - 1), PMM = q - qchisq(.5, k - 1), ML = sum((w * r)^2) - sum(w),
         REML = sum((w * r)^2) - sum(w) + sum(w^2) / sum(w))
}

root <- function(y, v, method, near) {
  if (equation(0, y, v, method) <= 0 && near < 1e-6 * mean(v)) return(0)
  lo <- near * 0.9; hi <- near * 1.1 + 1e-12
  t <- uniroot(equation, c(lo, hi), y = y, v = v, method = method, tol = 1e-18, maxiter = 10000)$root
  for (i in 1:3) { # polish: secant steps
    h <- 1e-6 * t; s <- (equation(t + h, y, v, method) - equation(t - h, y, v, method)) / (2 * h)
    t <- t - equation(t, y, v, method) / s
  }
  t
}

estimate <- function(y, v, method) {
  if (method %in% c("DL2", "HE2")) {
    first <- rma(y, v, method = sub("2", "", method))$tau2
    res <- rma(y, v, method = "GENQ", weights = 1 / (v + first))
    return(list(tau2 = res$tau2, se = res$se.tau2))
  }
  iterated <- method %in% c("ML", "REML", "EB", "PM", "PMM")
  if (!iterated) {
    res <- rma(y, v, method = method)
    return(list(tau2 = num(res$tau2), se = num(res$se.tau2)))
  }
  for (threshold in 10^(-13:-8)) for (step in c(1, .5, .1)) {
    ctrl <- tight; ctrl$threshold <- threshold; ctrl$stepadj <- step
    res <- suppressWarnings(try(rma(y, v, method = method, control = ctrl), silent = TRUE))
    if (inherits(res, "try-error")) next
    t <- root(y, v, method, res$tau2)
    if (abs(t - res$tau2) <= 1e-9 * (t + mean(v))) return(list(tau2 = t, se = res$se.tau2))
  }
  stop(method)
}

loglik <- function(t, y, v, method) as.numeric(logLik(rma(y, v, tau2 = t, method = method)))

profile_interval <- function(y, v, method, t) {
  drop <- qchisq(.95, 1) / 2; best <- loglik(t, y, v, method)
  f <- function(x) loglik(x, y, v, method) - best + drop
  lo <- if (f(0) > 0) 0 else uniroot(f, c(0, t), tol = 1e-18, maxiter = 10000)$root
  hi <- max(2 * t, mean(v)); while (f(hi) > 0) hi <- 2 * hi
  c(lo, uniroot(f, c(t, hi), tol = 1e-17, maxiter = 10000)$root)
}

one <- function(y, v, method, tests) {
  k <- length(y); fits <- list()
  e <- if (method == "FE") list(tau2 = 0, se = NA) else estimate(y, v, method)
  for (tst in tests) {
    res <- if (method == "FE") rma(y, v, method = "FE", test = tst) else
      rma(y, v, tau2 = e$tau2, test = tst, method = if (method == "REML") "REML" else "ML")
    ml <- num(fitstats(res, REML = FALSE)); re <- num(fitstats(res, REML = TRUE)) # ll, dev, AIC, BIC, AICc
    extra <- if (method == "FE") 0 else 1 # tau2 counts as a parameter where it is estimated
    ic <- function(ll, n) { p <- 1 + extra; c(ll, -2 * ll + 2 * p, -2 * ll + p * log(n), -2 * ll + 2 * p * max(n, p + 2) / (max(n, p + 2) - p - 1)) }
    f <- list(method = method, test = tst, estimate = num(res$beta), se = num(res$se), ci_low = num(res$ci.lb),
      ci_high = num(res$ci.ub), statistic = num(res$zval), p = num(res$pval), tau2 = e$tau2, tau2_se = num(e$se),
      I2 = num(res$I2), H2 = num(res$H2), Q = num(res$QE), Q_p = num(res$QEp), ml = ic(ml[1], k), reml = ic(re[1], k - 1))
    if (method != "FE") {
      # the Q-profile interval does not depend on the estimator
      qp <- confint(rma(y, v, method = "DL"), type = "QP", control = list(tol = 1e-17, maxiter = 100000, tau2.max = 1e6))$random
      pred <- predict(res)
      f <- c(f, list(tau2_ci = num(qp[1, 2:3]), I2_ci = num(qp[3, 2:3]), H2_ci = num(qp[4, 2:3]), pi_low = num(pred$pi.lb),
                     pi_high = num(pred$pi.ub)))
      if (method %in% c("ML", "REML") && tst == "z") f$pl <- profile_interval(y, v, method, e$tau2)
      if (method == "REML" && tst %in% c("z", "knha")) {
        b <- blup(res); r <- ranef(res)
        f$blup <- list(estimate = num(b$pred), se = num(b$se), low = num(b$pi.lb), high = num(b$pi.ub),
                       deviation = num(r$pred), deviation_se = num(r$se), deviation_low = num(r$pi.lb), deviation_high = num(r$pi.ub))
      }
    }
    fits <- c(fits, list(f))
  }
  fits
}

weighted <- function(y, v, w, name) {
  out <- list()
  for (m in c("REML", "GENQ", "DL")) for (tst in c("z", "t", "knha", "adhoc")) {
    t <- if (m == "REML") estimate(y, v, "REML")$tau2 else rma(y, v, method = m, weights = w)$tau2
    res <- rma(y, v, weights = w, tau2 = t, test = tst)
    gq <- if (m == "GENQ") rma(y, v, method = m, weights = w)$se.tau2 else NA
    pred <- predict(res)
    out <- c(out, list(list(method = m, test = tst, name = name, tau2 = t, tau2_se = num(gq), estimate = num(res$beta),
      se = num(res$se), ci_low = num(res$ci.lb), ci_high = num(res$ci.ub), p = num(res$pval), pi_low = num(pred$pi.lb),
      pi_high = num(pred$pi.ub), Q = num(res$QE), I2 = num(res$I2), ll_ml = num(fitstats(res, REML = FALSE))[1],
      ll_reml = num(fitstats(res, REML = TRUE))[1])))
  }
  out
}

methods <- c("FE", "DL", "DL2", "HE", "HE2", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM", "GENQ")
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 metadat = as.character(packageVersion("metadat")))

only <- commandArgs(TRUE) # names of datasets; all when none is given
dataset <- function(name, source, y, v) {
  if (length(only) && !name %in% only) return(invisible())
  y <- signif(as.numeric(y), 12); v <- signif(as.numeric(v), 12)
  keep <- is.finite(y) & is.finite(v) & v > 0; y <- y[keep]; v <- v[keep]
  fits <- list()
  for (m in methods) {
    tests <- if (length(y) == 2) "z" else if (m == "FE") c("z", "t") else c("z", "t", "knha", "adhoc")
    if (m == "GENQ") { # with the weights 1 / vi for tau2 only
      t <- rma(y, v, method = "GENQ", weights = 1 / v)
      stopifnot(abs(t$tau2 - rma(y, v, method = "DL")$tau2) < 1e-12 * (1 + t$tau2)); next
    }
    fits <- c(fits, one(y, v, m, tests))
  }
  w <- rep_len(c(1, 2.5, 0.4, 3), length(y))
  weighted_fits <- if (length(y) > 2) c(weighted(y, v, w, "numbers"), weighted(y, v, rep(1, length(y)), "equal")) else list()
  text <- toJSON(list(versions = versions, name = name, source = source, yi = y, vi = v, fits = fits, weighted = weighted_fits),
                 auto_unbox = TRUE, digits = I(17), null = "null", na = "null", dataframe = "columns")
  writeLines(text, paste0("univariate_", name, ".json"))
}

es <- function(e) list(y = e$yi, v = e$vi)
add <- function(name, source, e) dataset(name, paste("metadat", source), e$y, e$v)
add("bcg", "dat.bcg, log relative risk", es(escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)))
add("collins1985b", "dat.collins1985b, log odds ratio of pre-eclampsia", es(escalc("OR", ai = pre.xti, n1i = pre.nti, ci = pre.xci, n2i = pre.nci, data = dat.collins1985b)))
add("curtis1998", "dat.curtis1998, log response ratio; variances over four orders of magnitude", es(escalc("ROM", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.curtis1998)))
add("egger2001", "dat.egger2001, log odds ratio; one trial holds most of the weight", es(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.egger2001)))
add("hart1999", "dat.hart1999, log incidence rate ratio; six trials", es(escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.hart1999)))
add("hine1989", "dat.hine1989, risk difference; tau2 = 0", es(escalc("RD", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989)))
add("normand1999", "dat.normand1999, mean difference in days", es(escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)))
add("raudenbush1985", "dat.raudenbush1985, standardised mean difference", list(y = dat.raudenbush1985$yi, v = dat.raudenbush1985$vi))
add("yusuf1985", "dat.yusuf1985, table 6, log odds ratio; trials without events corrected", es(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.yusuf1985, subset = table == "6")))
add("hackshaw1998", "dat.hackshaw1998, log odds ratio", list(y = dat.hackshaw1998$yi, v = dat.hackshaw1998$vi))
add("lee2004", "dat.lee2004, log odds ratio", es(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.lee2004)))
add("bourassa1996", "dat.bourassa1996, log odds ratio; 96 groups", es(escalc("OR", ai = lh.le, bi = lh.re, ci = rh.le, di = rh.re, data = dat.bourassa1996, add = 1/2, to = "all")))
add("linde2005", "dat.linde2005, log relative risk", es(escalc("RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.linde2005)))
add("pritz1997", "dat.pritz1997, logit of a proportion", es(escalc("PLO", xi = xi, ni = ni, data = dat.pritz1997)))
add("mcdaniel1994", "dat.mcdaniel1994, Fisher z; 160 correlations", es(escalc("ZCOR", ri = ri, ni = ni, data = dat.mcdaniel1994)))
a <- dat.senn2013[c(1, 3), ]; b <- dat.senn2013[c(2, 4), ]
senn <- es(escalc("MD", m1i = a$mi, sd1i = a$sdi, n1i = a$ni, m2i = b$mi, sd2i = b$sdi, n2i = b$ni))
add("senn2013_two", "dat.senn2013, mean differences of the first two pairs of arms; k = 2", senn)
add("hine1989_three", "dat.hine1989, log odds ratio of the first three trials; k = 3", es(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989[1:3, ])))
magnitudes <- list(y = c(0.31, 0.42, 0.9, -3.1, 25, 140), v = c(2e-4, 3e-3, 0.05, 4, 600, 2e4))
dataset("magnitudes", "invented: six effects whose variances cover eight orders of magnitude", magnitudes$y, magnitudes$v)

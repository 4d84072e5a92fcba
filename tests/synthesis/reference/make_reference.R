# Reference values for the synthesis tests, from metafor with tightened convergence.
# Run from this folder: Rscript make_reference.R
# Every iterative tau2 is checked against a root of its own estimating equation, found here by uniroot
# without metafor's code; the script stops when they differ by more than 1e-10 (relative to tau2 + mean vi).
# Effects are rounded to 12 significant digits first, so that the pinned figures are exactly what was analysed.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})

tight <- list(threshold = 1e-14, maxiter = 100000, tol = 1e-16, tau2.max = 1e4)
methods <- c("FE", "DL", "HE", "PM", "SJ", "ML", "REML")

fitted_parts <- function(t, y, v, X) {
  W <- diag(1 / (v + t)); S <- solve(t(X) %*% W %*% X)
  P <- W - W %*% X %*% S %*% t(X) %*% W
  list(P = P, W = W, Q = drop(t(y) %*% P %*% y), u = drop(P %*% y))
}

equation <- function(t, y, v, X, method) {
  a <- fitted_parts(t, y, v, X)
  switch(method, PM = a$Q - (length(y) - ncol(X)), ML = sum(a$u^2) - sum(diag(a$W)),
         REML = sum(a$u^2) - sum(diag(a$P)))
}

own_root <- function(y, v, X, method, near) {
  if (equation(0, y, v, X, method) <= 0 && near < 1e-12) return(0)
  lo <- max(0, near * 0.5); hi <- near * 2 + 1e-6
  uniroot(equation, c(lo, hi), y = y, v = v, X = X, method = method, tol = 1e-16, maxiter = 10000)$root
}

root_gap <- function(res, y, v, X, method) {
  if (!method %in% c("PM", "ML", "REML")) return(0)
  abs(res$tau2 - own_root(y, v, X, method, res$tau2)) / (res$tau2 + mean(v))
}

polished <- function(y, v, X, method, test) {
  ctrl <- tight
  # with moderators the design goes in as a matrix; metafor then finds the intercept column itself
  fit <- function(ctrl, ...) {
    if (ncol(X) == 1) rma(y, v, method = method, test = test, control = ctrl, ...)
    else rma(y, v, mods = X, intercept = FALSE, method = method, test = test, control = ctrl, ...)
  }
  # the threshold is absolute, so for large tau2 it may lie below rounding: loosen step by step, then check the root
  for (threshold in 10^(-14:-9)) for (step in c(1, 0.5)) {
    ctrl$threshold <- threshold; ctrl$stepadj <- step
    res <- suppressWarnings(try(fit(ctrl), silent = TRUE))
    if (inherits(res, "try-error")) next
    if (root_gap(res, y, v, X, method) <= 1e-10) return(res)
  }
  stop(sprintf("%s: tau2 %.17g is off by %.3g", method, res$tau2, root_gap(res, y, v, X, method)))
}

num <- function(x) if (is.null(x)) NA else unname(as.numeric(x))

one <- function(y, v, method, test) {
  res <- polished(y, v, cbind(rep(1, length(y))), method, test)
  out <- list(method = method, test = test, estimate = num(res$beta), se = num(res$se), ci_low = num(res$ci.lb),
              ci_high = num(res$ci.ub), statistic = num(res$zval), p = num(res$pval), tau2 = num(res$tau2),
              tau2_se = num(res$se.tau2), I2 = num(res$I2), H2 = num(res$H2), Q = num(res$QE), Q_p = num(res$QEp),
              weights = num(weights(res)))
  if (method != "FE") {
    ci <- confint(res, control = list(tol = 1e-16, maxiter = 100000, tau2.max = 1e4))$random
    pred <- predict(res)
    out <- c(out, list(tau2_ci = num(ci["tau^2", c("ci.lb", "ci.ub")]), pi_low = num(pred$pi.lb),
                       pi_high = num(pred$pi.ub)))
  }
  out
}

dataset <- function(name, source, y, v) {
  y <- signif(as.numeric(y), 12); v <- signif(as.numeric(v), 12)
  keep <- is.finite(y) & is.finite(v) & v > 0
  y <- y[keep]; v <- v[keep]
  fits <- list()
  for (m in methods) for (tst in if (m == "FE") "z" else c("z", "knha")) fits <- c(fits, list(one(y, v, m, tst)))
  list(name = name, source = source, yi = y, vi = v, fits = fits)
}

regression <- function(name, source, data, formula, terms) {
  X <- model.matrix(formula, data); dimnames(X) <- list(NULL, colnames(X))
  fits <- list()
  for (m in methods) for (tst in if (m == "FE") "z" else c("z", "knha")) {
    res <- polished(data$yi, data$vi, X, m, tst)
    empty <- if (m == "FE") NULL else polished(data$yi, data$vi, cbind(rep(1, nrow(X))), m, tst)
    r2 <- if (is.null(empty) || empty$tau2 == 0 || !any(colnames(X) == "(Intercept)")) NA else 100 * max(0, (empty$tau2 - res$tau2) / empty$tau2)
    f <- list(method = m, test = tst, estimate = num(res$beta), se = num(res$se), ci_low = num(res$ci.lb),
              ci_high = num(res$ci.ub), statistic = num(res$zval), p = num(res$pval), QM = num(res$QM),
              QM_p = num(res$QMp), QE = num(res$QE), QE_p = num(res$QEp), tau2 = num(res$tau2),
              tau2_se = num(res$se.tau2), I2 = num(res$I2), H2 = num(res$H2), R2 = r2)
    if (m != "FE") f$tau2_ci <- num(confint(res, control = list(tol = 1e-16, maxiter = 100000,
                                                                tau2.max = 1e4))$random["tau^2", c("ci.lb", "ci.ub")])
    fits <- c(fits, list(f))
  }
  list(name = name, source = source, formula = terms, data = data, fits = fits)
}

versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 metadat = as.character(packageVersion("metadat")))
save_json <- function(x, file) {
  # sprintf("%.17g") round-trips every double; jsonlite alone writes 15 digits
  text <- toJSON(c(list(versions = versions), x), auto_unbox = TRUE, digits = I(17), null = "null", na = "null",
                 dataframe = "columns", pretty = FALSE)
  writeLines(text, file)
}

es <- function(e) list(y = e$yi, v = e$vi)

bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
bcg$yi <- signif(as.numeric(bcg$yi), 12); bcg$vi <- signif(as.numeric(bcg$vi), 12)

sets <- list(dataset("bcg", "metadat dat.bcg, log relative risk; Colditz et al. (1994)", bcg$yi, bcg$vi))
add <- function(name, source, e) sets[[length(sets) + 1]] <<- dataset(name, source, e$y, e$v)
add("hackshaw1998", "metadat dat.hackshaw1998, log odds ratio; Hackshaw (1998)",
    list(y = dat.hackshaw1998$yi, v = dat.hackshaw1998$vi))
add("li2007", "metadat dat.li2007, log odds ratio; Li et al. (2007)",
    es(escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.li2007)))
add("raudenbush1985", "metadat dat.raudenbush1985, standardised mean difference; Raudenbush (1984)",
    list(y = dat.raudenbush1985$yi, v = dat.raudenbush1985$vi))
add("normand1999", "metadat dat.normand1999, mean difference in days; Normand (1999)",
    es(escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999)))
add("molloy2014", "metadat dat.molloy2014, Fisher z of a correlation; Molloy et al. (2014)",
    es(escalc("ZCOR", ri = ri, ni = ni, data = dat.molloy2014)))
add("nielweise2008", "metadat dat.nielweise2008, log incidence rate ratio; Niel-Weise et al. (2008)",
    es(escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = dat.nielweise2008)))
add("mcdaniel1994", "metadat dat.mcdaniel1994, Fisher z of a correlation; McDaniel et al. (1994)",
    es(escalc("ZCOR", ri = ri, ni = ni, data = dat.mcdaniel1994)))
add("curtis1998", "metadat dat.curtis1998, log response ratio; Curtis & Wang (1998)",
    es(escalc("ROM", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.curtis1998)))
for (s in sets) save_json(s, paste0("pool_", s$name, ".json"))

frame <- data.frame(yi = bcg$yi, vi = bcg$vi, ablat = bcg$ablat, year = bcg$year, alloc = bcg$alloc,
                    trial = paste(bcg$author, bcg$year))
source <- "metadat dat.bcg, log relative risk; Colditz et al. (1994)"
save_json(regression("bcg_ablat_year", source, frame, ~ ablat + year, "yi ~ ablat + year"), "regress_bcg_ablat_year.json")
save_json(regression("bcg_alloc", source, frame, ~ ablat + year + alloc, "yi ~ ablat + year + alloc"),
          "regress_bcg_alloc.json")
save_json(regression("bcg_no_intercept", source, frame, ~ 0 + alloc, "yi ~ 0 + alloc"),
          "regress_bcg_no_intercept.json")
raud <- data.frame(yi = signif(as.numeric(dat.raudenbush1985$yi), 12), vi = signif(as.numeric(dat.raudenbush1985$vi), 12),
                   weeks = pmin(dat.raudenbush1985$weeks, 3))
save_json(regression("raudenbush1985_weeks", "metadat dat.raudenbush1985; Raudenbush & Bryk (1985)", raud, ~ weeks,
                     "yi ~ weeks"), "regress_raudenbush1985.json")
bang <- dat.bangertdrowns2004[, c("yi", "vi", "length", "wic", "feedback")]
bang <- bang[complete.cases(bang), ]; bang$yi <- signif(as.numeric(bang$yi), 12); bang$vi <- signif(as.numeric(bang$vi), 12)
rownames(bang) <- NULL
save_json(regression("bangertdrowns2004", "metadat dat.bangertdrowns2004; Bangert-Drowns et al. (2004)", bang,
                     ~ length + wic + feedback, "yi ~ length + wic + feedback"), "regress_bangertdrowns2004.json")

loo <- lapply(seq_len(nrow(bcg)), function(i) c(list(omitted = frame$trial[i]),
                                                one(frame$yi[-i], frame$vi[-i], "REML", "knha")))
groups <- lapply(unique(frame$alloc), function(g) c(list(group = g),
                 one(frame$yi[frame$alloc == g], frame$vi[frame$alloc == g], "REML", "z")))
between <- rma(sapply(groups, function(g) g$estimate), sei = sapply(groups, function(g) g$se), method = "FE")
save_json(list(data = frame, leave_one_out = loo, groups = groups, Q_between = between$QE, Q_between_p = between$QEp),
          "bcg_influence_subgroups.json")

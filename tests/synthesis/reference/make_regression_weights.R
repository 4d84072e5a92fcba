# Reference values for meta-regression with weights of the user's, from metafor. Run from this folder: Rscript make_regression_weights.R
# tau2 comes from the tightened and checked fit of make_reference.R (its weights are inverse variances: only GENQ's tau2 knows
# those of the user) and is given to the weighted fit, so that nothing hangs on a threshold. The robust errors are clubSandwich's.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite); library(clubSandwich)})

for (e in parse("make_reference.R")) {
  function_or_setting <- is.call(e) && identical(e[[1]], as.name("<-")) && (identical(e[[2]], as.name("tight")) ||
    is.call(e[[3]]) && identical(e[[3]][[1]], as.name("function")))
  if (function_or_setting) eval(e)
}
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 metadat = as.character(packageVersion("metadat")), clubSandwich = as.character(packageVersion("clubSandwich")))

one <- function(d, X, w, method, test) {
  y <- d$yi; v <- d$vi
  base <- if (method == "GENQ") rma(y, v, mods = X, intercept = FALSE, weights = w, method = method) else polished(y, v, X, method, "z")
  empty <- if (method == "GENQ") rma(y, v, weights = w, method = method) else polished(y, v, cbind(rep(1, nrow(X))), method, "z")
  known <- if (method == "FE") list(method = "FE") else list(tau2 = base$tau2, method = if (method == "ML") "ML" else "REML")
  res <- do.call(rma, c(list(y, v, mods = X, intercept = FALSE, weights = w, test = test), known))
  L <- rbind(c(0, rep(1, ncol(X) - 1)), c(1, rep(-0.5, ncol(X) - 1)))
  con <- anova(res, X = L)
  pred <- predict(res)[1:3] # at the moderators of the first three studies
  cluster <- (seq_along(y) - 1) %/% 2
  robust <- vcovCR(res, cluster = cluster, type = "CR2")
  t <- coef_test(res, vcov = robust, test = "Satterthwaite")
  whole <- all(X[, 1] == 1) && method != "FE" && empty$tau2 > 0
  list(method = method, test = test, estimate = num(res$beta), se = num(res$se), ci_low = num(res$ci.lb), ci_high = num(res$ci.ub),
       statistic = num(res$zval), p_value = num(res$pval), cov = unname(vcov(res)), tau2 = num(base$tau2), QM = num(res$QM),
       QM_p = num(res$QMp), QE = num(res$QE), QE_p = num(res$QEp), I2 = num(res$I2), H2 = num(res$H2),
       R2 = if (whole) 100 * max(0, (empty$tau2 - base$tau2) / empty$tau2) else NA,
       contrast = num(con$Xb), contrast_se = num(con$se), contrast_QM = num(con$QM), contrast_QM_p = num(con$QMp),
       pred_estimate = num(pred$pred), pred_se = num(pred$se), pred_low = num(pred$ci.lb), pred_high = num(pred$ci.ub),
       pi_low = if (method == "FE") NULL else num(pred$pi.lb), pi_high = if (method == "FE") NULL else num(pred$pi.ub),
       ll_ml = num(fitstats(res, REML = FALSE))[1], ll_reml = num(fitstats(res, REML = TRUE))[1],
       robust_se = num(t$SE), robust_df = num(t$df_Satt))
}

case <- function(name, source, d, formula, r_formula) {
  X <- model.matrix(r_formula, d); dimnames(X) <- list(NULL, colnames(X))
  L <- rbind(c(0, rep(1, ncol(X) - 1)), c(1, rep(-0.5, ncol(X) - 1)))
  fits <- list()
  for (kind in c("numbers", "equal")) {
    w <- if (kind == "numbers") rep_len(c(1, 2.5, 0.4, 3), nrow(d)) else rep(1, nrow(d))
    methods <- if (kind == "equal") c("DL", "REML") else c("FE", "DL", "HE", "SJ", "REML", "ML", "PM", "GENQ")
    for (m in methods) for (tst in if (m == "FE") "z" else c("z", "t", "knha", "adhoc"))
      fits <- c(fits, list(c(list(weights_are = kind), one(d, X, w, m, tst))))
  }
  list(name = name, source = source, formula = formula, data = d, X = unname(X), L = L, fits = fits)
}

e <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
# years are counted from 1950, as clubSandwich loses seven digits of its degrees of freedom where they are not
bcg <- data.frame(yi = signif(as.numeric(e$yi), 12), vi = signif(as.numeric(e$vi), 12), ablat = e$ablat, year = e$year - 1950, alloc = e$alloc)
raud <- dat.raudenbush1985[, c("yi", "vi", "weeks")]
raud <- data.frame(yi = as.numeric(raud$yi), vi = as.numeric(raud$vi), weeks = raud$weeks)
wide <- data.frame(yi = c(0.31, 0.42, 0.9, -3.1, 25, 140), vi = c(2e-4, 3e-3, 0.05, 4, 600, 2e4), x = c(1, 2, 4, 3, 5, 7))
cases <- list(
  case("bcg", "metadat dat.bcg, log risk ratio; years from 1950", bcg, "yi ~ ablat + year", yi ~ ablat + year),
  case("bcg_alloc", "metadat dat.bcg, log risk ratio", bcg, "yi ~ 0 + alloc", yi ~ 0 + alloc),
  case("raudenbush1985", "metadat dat.raudenbush1985", raud, "yi ~ weeks", yi ~ weeks),
  case("magnitudes", "invented: variances over eight orders of magnitude", wide, "yi ~ x", yi ~ x))
text <- toJSON(list(versions = versions, cases = cases), auto_unbox = TRUE, digits = I(15), null = "null", na = "null", dataframe = "columns")
writeLines(text, "regression_weights.json")

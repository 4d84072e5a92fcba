# Reference values for GENQM, GENQ and every interval of tau2, from metafor's own code. Run from this folder: Rscript make_genq.R
# GENQM and the generalised-Q interval call a distribution function of another package: ours stands in (stand_in_quadratic_form.R).
# metafor's confint looks for that interval's bounds with R's usual tolerance; it is run here with a tight uniroot in its
# scope. Its profile-likelihood and Wald (log scale) intervals come from fits whose tau2 is the one pinned by make_univariate.R,
# a root of its estimating equation. Data are those of make_univariate.R, taken from its files.
source("stand_in_quadratic_form.R"); install_stand_in()
suppressPackageStartupMessages({library(metafor); library(jsonlite)})
num <- function(x) if (is.null(x)) NA else unname(as.numeric(x))
tight <- list(tol = 1e-17, maxiter = 100000, tau2.max = 1e6)

exact_confint <- metafor:::confint.rma.uni
environment(exact_confint) <- list2env(list(uniroot = function(f, interval, ..., tol, maxiter)
  stats::uniroot(f, interval, ..., tol = 1e-17, maxiter = 100000)), parent = asNamespace("metafor"))
bounds <- function(res, type, level = 95) {
  ci <- exact_confint(res, type = type, level = level, control = tight)
  if (isTRUE(ci$ub.sign == ">")) stop("tau2.max is too low")
  r <- ci$random; list(tau2_ci = num(r[1, 2:3]), I2_ci = num(r[3, 2:3]), H2_ci = num(r[4, 2:3]))
}

described <- function(res) {
  pred <- predict(res)
  list(test = res$test, estimate = num(res$beta), se = num(res$se), ci_low = num(res$ci.lb), ci_high = num(res$ci.ub), statistic = num(res$zval),
       p = num(res$pval), pi_low = num(pred$pi.lb), pi_high = num(pred$pi.ub), Q = num(res$QE), I2 = num(res$I2), H2 = num(res$H2))
}

# GENQ, GENQM and both intervals of tau2 with one choice of weights; with the weights 1 / vi the mean keeps 1 / (vi + tau2)
generalised <- function(y, v, w, weights) {
  out <- list(); tests <- if (length(y) == 2) "z" else c("z", "t", "knha", "adhoc")
  for (m in c("GENQ", "GENQM")) {
    res <- rma(y, v, method = m, weights = w, control = tight)
    fits <- lapply(tests, function(tst) described(
      if (weights == "inverse") rma(y, v, tau2 = res$tau2, test = tst) else rma(y, v, method = m, weights = w, test = tst, control = tight)))
    out <- c(out, list(list(method = m, weights = weights, tau2 = num(res$tau2), tau2_se = num(res$se.tau2), genq = bounds(res, "GENQ"),
                            genq90 = bounds(res, "GENQ", 90), qp = bounds(res, "QP"), fits = fits)))
  }
  out
}

# the intervals that hang on the estimate: Wald on the log scale for all, profile likelihood for two
dependent <- function(case) {
  y <- case$yi; v <- case$vi; out <- list()
  for (m in unique(sapply(case$fits, function(f) f$method))) {
    f <- Filter(function(f) f$method == m, case$fits)[[1]]
    if (m == "FE") next
    res <- rma(y, v, tau2 = f$tau2, method = if (m == "ML") "ML" else "REML"); res$tau2.fix <- FALSE; res$se.tau2 <- f$tau2_se
    item <- list(method = m)
    if (!is.null(f$tau2_se) && f$tau2 > 0) item$wald <- bounds(res, "Wald.log")
    if (m %in% c("ML", "REML")) { res$method <- m; item$pl <- bounds(res, "PL") }
    out <- c(out, list(item))
  }
  out
}

known <- function(y, v) lapply(c("z", "t", "knha", "adhoc")[seq_len(if (length(y) == 2) 1 else 4)], function(tst)
  described(rma(y, v, tau2 = mean(v) / 2, test = tst)))

regression <- function(name, terms, formula) {
  d <- as.data.frame(read_json(paste0(name, ".json"), simplifyVector = TRUE)$data); X <- model.matrix(formula, d)
  out <- list()
  for (m in c("GENQ", "GENQM")) for (weights in c("inverse", "equal")) {
    w <- if (weights == "inverse") 1 / d$vi else rep(1, nrow(d))
    fit <- function(...) rma(d$yi, d$vi, mods = X, intercept = FALSE, ...)
    res <- fit(method = m, weights = w, control = tight)
    fits <- lapply(c("z", "t", "knha", "adhoc"), function(tst) {
      r <- fit(tau2 = res$tau2, test = tst)
      list(test = tst, estimate = num(r$beta), se = num(r$se), p_value = num(r$pval), QM = num(r$QM), QM_p = num(r$QMp))
    })
    out <- c(out, list(list(method = m, weights = weights, tau2 = num(res$tau2), tau2_se = num(res$se.tau2), genq = bounds(res, "GENQ"), fits = fits)))
  }
  list(name = name, formula = terms, models = out)
}

sets <- lapply(sort(Sys.glob("univariate_*.json")), function(file) {
  case <- read_json(file, simplifyVector = TRUE, simplifyDataFrame = FALSE); y <- case$yi; v <- case$vi
  models <- c(generalised(y, v, 1 / v, "inverse"), generalised(y, v, rep(1, length(y)), "equal"),
              generalised(y, v, rep_len(c(1, 2.5, 0.4, 3), length(y)), "numbers"))
  message(case$name)
  list(name = sub(".json", "", file, fixed = TRUE), models = models, intervals = dependent(case), known = known(y, v))
})
regressions <- list(regression("regress_bcg_ablat_year", "yi ~ ablat + year", ~ ablat + year),
                    regression("regress_raudenbush1985", "yi ~ weeks", ~ weeks),
                    regression("regress_bangertdrowns2004", "yi ~ length + wic + feedback", ~ length + wic + feedback))
lambdas <- list(c(1, 1, 1, 1, 1), c(5, 2, 1), c(1, .1), c(250, 3, .01), c(1e4, 1e2, 1, 1e-4), c(3, 2.5, 2, 1.5, 1, .5, .25, .1), 1 / (1:12))
distribution <- list()
for (l in lambdas) for (at in c(.01, .2, 1, 2.5, 6)) distribution <- c(distribution, list(list(lambda = l, q = at * sum(l), upper = farebrother(at * sum(l), l)$Qq)))

versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 CompQuadForm = "stand-in of our own: stand_in_quadratic_form.R")
writeLines(toJSON(list(versions = versions, sets = sets, regressions = regressions, distribution = distribution), auto_unbox = TRUE, digits = I(17),
                  null = "null", na = "null", dataframe = "columns"), "genq.json")

# Reference values of multilevel and multivariate models, from metafor with tightened convergence.
# Run from this folder: Rscript make_multilevel.R
# Effects, variances and covariances are pinned too, so that the tests need no R.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")))
tight <- list(optimizer = "nlminb", rel.tol = 1e-14, x.tol = 1e-14, eval.max = 100000, iter.max = 100000)
num <- function(x) unname(as.numeric(x))
# nlminb stops at 1e-5 for UN with two levels: a Newton search with Richardson derivatives of the likelihood, written out here,
# ends at the root of the score, and metafor is then given these variances and this correlation.
polish <- function(res, yi, V, X, method, call) {
  outer <- as.integer(factor(res$mf.g$outer)); inner <- as.integer(factor(res$mf.g$inner))
  minus <- function(theta) {
    G <- matrix(c(theta[1], theta[3] * sqrt(theta[1] * theta[2]), theta[3] * sqrt(theta[1] * theta[2]), theta[2]), 2)
    S <- V + G[inner, inner] * outer(outer, outer, "=="); W <- solve(S); xwx <- t(X) %*% W %*% X
    r <- yi - X %*% solve(xwx, t(X) %*% W %*% yi)
    0.5 * (determinant(S)$modulus + t(r) %*% W %*% r + if (method == "REML") determinant(xwx)$modulus else 0)[1]
  }
  theta <- c(res$tau2, res$rho)
  for (i in 1:60) {
    step <- solve(numDeriv::hessian(minus, theta), numDeriv::grad(minus, theta)); theta <- theta - step
    if (max(abs(step / theta)) < 1e-9) break
  }
  if (max(abs(step / theta)) > 1e-7 || minus(theta) > minus(c(res$tau2, res$rho)) + 1e-9) stop(sprintf("not at a maximum: %g", max(abs(step / theta))))
  call(theta[1:2], theta[3])
}
one <- function(name, source, data, V, formula, mods, random, struct = "CS", method = "REML", ours, R = NULL, ...) {
  best <- NULL
  for (start in 1:2) for (how in c("nlminb", "BFGS")) {
    ctrl <- if (how == "nlminb") tight else list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 100000)
    res <- try(suppressWarnings(rma.mv(yi, V, mods = mods, random = random, struct = struct, method = method, data = data, R = R,
                                       control = ctrl, ...)), silent = TRUE)
    if (inherits(res, "try-error")) next
    if (is.null(best) || num(logLik(res)) > num(logLik(best))) best <- res
  }
  res <- best; ll <- function() num(logLik(res)); parms <- best$parms; n <- if (method == "REML") best$k - best$p else best$k
  if (struct == "UN") res <- polish(res, yi = data$yi, V = V, X = res$X, method = method, call = function(tau2, rho)
    rma.mv(yi, V, mods = mods, random = random, struct = struct, method = method, data = data, tau2 = tau2, rho = rho))
  stopifnot(struct == "UN" || abs(-2 * ll() + 2 * parms - AIC(res)) < 1e-8)  # polished fits count their variances as known
  list(name = name, source = source, formula = ours$formula, random = ours$random, struct = ours$struct, method = method,
       estimate = num(res$beta), se = num(res$se), zval = num(res$zval), pval = num(res$pval), sigma2 = num(res$sigma2),
       tau2 = num(res$tau2), rho = num(res$rho), loglik = num(logLik(res)), AIC = -2 * ll() + 2 * parms, BIC = -2 * ll() + parms * log(n),
       AICc = -2 * ll() + 2 * parms * max(n, parms + 2) / (max(n, parms + 2) - parms - 1), QE = num(res$QE), QEp = num(res$QEp), QM = num(res$QM), QMp = num(res$QMp),
       R = if (is.null(R)) NULL else list(factor = names(R), levels = rownames(R[[1]]), matrix = unname(R[[1]])))
}
sets <- list()
set <- function(name, data, V, fits) sets[[length(sets) + 1]] <<- list(name = name, data = data, V = unname(V), fits = fits)

k <- dat.konstantopoulos2011[, c("district", "school", "year", "yi", "vi")]; k$yi <- as.numeric(k$yi); k$effect <- seq_len(nrow(k))
src <- "metadat dat.konstantopoulos2011; Konstantopoulos (2011), Research Synthesis Methods 2, 61-76"
lv <- as.character(sort(unique(k$district))); n <- length(lv)
R <- 0.7^abs(outer(seq_len(n), seq_len(n), "-")); dimnames(R) <- list(lv, lv)
kv <- diag(k$vi)
set("konstantopoulos2011", k, kv, list(
  one("three_level", src, k, kv, mods = ~ 1, random = ~ 1 | district/school, ours = list(formula = "yi ~ 1", random = "1|district/school", struct = "CS")),
  one("three_level_ml", src, k, kv, mods = ~ 1, random = ~ 1 | district/school, method = "ML", ours = list(formula = "yi ~ 1", random = "1|district/school", struct = "CS")),
  one("three_level_year", src, k, kv, mods = ~ I(year - 1990), random = ~ 1 | district/school, ours = list(formula = "yi ~ I(year - 1990)", random = "1|district/school", struct = "CS")),
  one("compound", src, k, kv, mods = ~ 1, random = ~ school | district, struct = "CS", ours = list(formula = "yi ~ 1", random = "school|district", struct = "CS")),
  one("crossed", src, k, kv, mods = ~ 1, random = list(~ 1 | district, ~ 1 | year, ~ 1 | effect), ours = list(formula = "yi ~ 1", random = c("1|district", "1|year", "1|effect"), struct = "CS")),
  one("known_correlation", src, k, kv, mods = ~ 1, random = list(~ 1 | district, ~ 1 | effect), R = list(district = R), ours = list(formula = "yi ~ 1", random = c("1|district", "1|effect"), struct = "CS"))))

a <- dat.assink2016[, c("study", "esid", "id", "yi", "vi", "pubstatus", "year", "deltype")]; a$yi <- as.numeric(a$yi)
src <- "metadat dat.assink2016; Assink & Wibbelink (2016), The Quantitative Methods for Psychology 12, 154-174"
av <- vcalc(vi, cluster = study, obs = esid, rho = 0.6, data = a)
set("assink2016", a, diag(a$vi), list(
  one("three_level", src, a, diag(a$vi), mods = ~ 1, random = ~ 1 | study/esid, ours = list(formula = "yi ~ 1", random = "1|study/esid", struct = "CS")),
  one("three_level_deltype", src, a, diag(a$vi), mods = ~ deltype, random = ~ 1 | study/esid, ours = list(formula = "yi ~ deltype", random = "1|study/esid", struct = "CS"))))
set("assink2016_che", a, av, list(
  one("che", src, a, av, mods = ~ 1, random = ~ 1 | study/esid, ours = list(formula = "yi ~ 1", random = "1|study/esid", struct = "CS")),
  one("che_ml", src, a, av, mods = ~ 1, random = ~ 1 | study/esid, method = "ML", ours = list(formula = "yi ~ 1", random = "1|study/esid", struct = "CS")),
  one("che_deltype", src, a, av, mods = ~ deltype, random = ~ 1 | study/esid, ours = list(formula = "yi ~ deltype", random = "1|study/esid", struct = "CS"))))

b <- dat.berkey1998; bv <- vcalc(vi = 1, cluster = author, rvars = c(v1i, v2i), data = b)
b <- data.frame(trial = b$trial, author = b$author, year = b$year, outcome = b$outcome, yi = as.numeric(b$yi), vi = b$vi)
src <- "metadat dat.berkey1998; Berkey et al. (1998), Statistics in Medicine 17, 2537-2550"
fit <- function(name, struct, method = "REML", mods = ~ outcome - 1, formula = "yi ~ 0 + outcome")
  one(name, src, b, bv, mods = mods, random = ~ outcome | trial, struct = struct, method = method, ours = list(formula = formula, random = "outcome|trial", struct = struct))
set("berkey1998", b, bv, list(fit("UN", "UN"), fit("UN_ML", "UN", "ML"), fit("CS", "CS"), fit("HCS", "HCS"), fit("DIAG", "DIAG"), fit("ID", "ID"),
  fit("UN_year", "UN", "ML", ~ outcome + outcome:I(year - 1983) - 1, "yi ~ 0 + outcome + outcome:I(year - 1983)")))

i <- reshape(dat.ishak2007, direction = "long", idvar = "study", v.names = c("yi", "vi"), varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
i <- i[order(i$study, i$time), ]; i <- i[!is.na(i$yi), c("study", "time", "yi", "vi")]; rownames(i) <- NULL; i$yi <- as.numeric(i$yi)
iv <- vcalc(vi, cluster = study, time1 = time, phi = 0.97, data = i)
src <- "metadat dat.ishak2007; Ishak et al. (2007), Clinical Trials 4, 525-539"
fit <- function(name, struct) one(name, src, i, iv, mods = ~ factor(time) - 1, random = ~ time | study, struct = struct, ours = list(formula = "yi ~ 0 + C(time)", random = "time|study", struct = struct))
set("ishak2007", i, iv, list(fit("HAR", "HAR"), fit("AR", "AR"), fit("CAR", "CAR"), fit("HCS", "HCS"), fit("CS", "CS")))

v <- dat.colditz1994; v <- escalc("PLO", xi = tpos, ni = tpos + tneg, data = v); w <- escalc("PLO", xi = cpos, ni = cpos + cneg, data = dat.colditz1994)
h <- rbind(data.frame(trial = v$trial, arm = "treated", yi = as.numeric(v$yi), vi = v$vi, ablat = v$ablat),
           data.frame(trial = w$trial, arm = "control", yi = as.numeric(w$yi), vi = w$vi, ablat = v$ablat))
h <- h[order(h$trial, h$arm), ]; rownames(h) <- NULL
src <- "metadat dat.colditz1994, log odds of each arm; van Houwelingen, Arends & Stijnen (2002), Statistics in Medicine 21, 589-624"
hv <- diag(h$vi)
fit <- function(name, method, mods = ~ arm - 1, formula = "yi ~ 0 + arm") one(name, src, h, hv, mods = mods, random = ~ arm | trial, struct = "UN", method = method, ours = list(formula = formula, random = "arm|trial", struct = "UN"))
set("vanhouwelingen2002", h, hv, list(fit("bivariate_ML", "ML"), fit("bivariate_REML", "REML")))

write_json(list(versions = versions, sets = sets), "multilevel.json", digits = I(17), auto_unbox = TRUE, na = "null", null = "null", dataframe = "columns")

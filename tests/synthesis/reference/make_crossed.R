# Reference values of crossed random effects in one large block, from metafor with tightened convergence.
# Run from this folder: Rscript make_crossed.R
# The data are drawn here and pinned, so that the tests need no R. Each maximum is polished by Newton's method on the likelihood
# written out, with Richardson derivatives, and metafor is then given these variances; components at 0 stay there.
suppressPackageStartupMessages({library(metafor); library(jsonlite)})
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")))
num <- function(x) unname(as.numeric(x))
draw <- function(seed, n, labs, outcomes, sd) {
  set.seed(seed)
  d <- data.frame(lab = sample(labs, n, TRUE), outcome = sample(outcomes, n, TRUE), id = 1:n, dose = round(rnorm(n), 3),
                  vi = signif(exp(runif(n, log(.01), log(.3))), 5))
  d$yi <- round(.3 + .1 * d$dose + rnorm(labs, 0, sd[1])[d$lab] + rnorm(outcomes, 0, sd[2])[d$outcome] + rnorm(n, 0, sd[3]) +
                rnorm(n, 0, sqrt(d$vi)), 5)
  d
}
one <- function(name, d, method) {
  fit <- function(...) rma.mv(yi, vi, mods = ~ dose, random = list(~ 1 | lab, ~ 1 | outcome, ~ 1 | id), data = d, method = method,
                              sparse = TRUE, ...)
  res <- fit(control = list(optimizer = "nlminb", rel.tol = 1e-10, eval.max = 5000, iter.max = 5000))
  X <- res$X; A <- outer(d$lab, d$lab, "=="); B <- outer(d$outcome, d$outcome, "==")
  free <- which(res$sigma2 > 1e-4); sigma2 <- ifelse(res$sigma2 > 1e-4, res$sigma2, 0)
  minus <- function(x) {
    s <- sigma2; s[free] <- x; below(s)
  }
  below <- function(s) {
    S <- s[1] * A + s[2] * B + diag(s[3] + d$vi); W <- chol2inv(chol(S)); xwx <- t(X) %*% W %*% X
    r <- d$yi - X %*% solve(xwx, t(X) %*% W %*% d$yi)
    0.5 * (determinant(S)$modulus + t(r) %*% W %*% r + if (method == "REML") determinant(xwx)$modulus else 0)[1]
  }
  x <- sigma2[free]
  for (i in 1:8) {
    step <- solve(numDeriv::hessian(minus, x), numDeriv::grad(minus, x)); x <- x - step
    if (max(abs(step / x)) < 1e-9) break
  }
  stopifnot(max(abs(step / x)) < 1e-7, minus(x) <= minus(sigma2[free]) + 1e-9)
  sigma2[free] <- x
  for (i in setdiff(1:3, free)) stopifnot(below(replace(sigma2, i, 1e-6)) > below(sigma2))
  known <- fit(sigma2 = sigma2)
  list(name = name, method = method, data = d, sigma2 = sigma2, estimate = num(known$beta), se = num(known$se),
       loglik = num(logLik(known)), QE = num(known$QE))
}
sets <- list(
  one("crossed", draw(1, 320, 16, 12, c(.4, .3, .2)), "REML"),
  one("crossed", draw(1, 320, 16, 12, c(.4, .3, .2)), "ML"),
  one("little variance between outcomes", draw(4, 240, 12, 10, c(.4, 0, .2)), "REML"),
  one("no variance between effects", draw(7, 240, 12, 10, c(.4, .3, 0)), "REML")
)
for (s in sets) cat(s$name, s$method, s$sigma2, "\n")
write_json(list(versions = versions, sets = sets), "crossed.json", digits = NA, auto_unbox = TRUE, dataframe = "columns")

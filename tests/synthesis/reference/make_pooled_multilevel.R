# Reference values for the mean of multilevel models told as a pooled estimate: weights and prediction intervals of metafor.
# Run from this folder: Rscript make_pooled_multilevel.R
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})
tight <- list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 5000)
one <- function(d, V, random) {
  r <- rma.mv(yi, V, random = random, data = d, test = "t", control = tight)
  p <- predict(r)
  list(data = list(study = d$study, effect = seq_len(nrow(d)), yi = as.numeric(d$yi), vi = as.numeric(d$vi)),
       estimate = as.numeric(r$beta), se = r$se, ci_low = r$ci.lb, ci_high = r$ci.ub, pi_low = p$pi.lb, pi_high = p$pi.ub,
       tau2 = sum(r$sigma2), Q = r$QE, weights = unname(weights(r, type = "rowsum")))
}
k <- with(dat.konstantopoulos2011, data.frame(study = district, yi, vi))
k$effect <- seq_len(nrow(k))
a <- with(dat.assink2016, data.frame(study, yi, vi)); a$effect <- seq_len(nrow(a))
out <- list(source = sprintf("metafor %s rma.mv, REML, t", packageVersion("metafor")),
            konstantopoulos2011 = one(k, k$vi, ~ 1 | study/effect),
            assink2016_che = c(one(a, vcalc(vi, cluster = study, obs = effect, rho = 0.6, data = a), ~ 1 | study/effect), rho = 0.6))
write(toJSON(out, digits = NA, auto_unbox = TRUE), "pooled_multilevel.json")

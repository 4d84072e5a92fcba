# Knapp-Hartung with the factor not below 1 (metafor: test = "adhoc"), on effects that differ less than by chance.
suppressMessages(library(metafor))
ctrl <- list(threshold = 1e-13, maxiter = 10000)
cases <- list(
  few = list(yi = c(-1.96, -1.14, -1.45), vi = c(1.14, 1.33, 0.144)),
  alike = list(yi = c(0.10, 0.12, 0.09, 0.11, 0.13), vi = c(0.02, 0.03, 0.01, 0.05, 0.04)),
  apart = list(yi = c(0.5, -0.4, 0.9, 0.1), vi = c(0.02, 0.03, 0.01, 0.05)))
out <- lapply(cases, function(d) {
  m <- rma(d$yi, d$vi, method = "REML", test = "adhoc", control = ctrl)
  p <- predict(m)
  c(d, list(estimate = m$beta[1], se = m$se, ci_low = m$ci.lb, ci_high = m$ci.ub, p = m$pval, tau2 = m$tau2,
            pi_low = p$pi.lb, pi_high = p$pi.ub))
})
out$versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")))
writeLines(jsonlite::toJSON(out, digits = 15, auto_unbox = TRUE), "adhoc.json")

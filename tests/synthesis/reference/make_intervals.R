# Reference profile-likelihood intervals of variance components and likelihoods at 0, from metafor with tightened searches.
# Run from this folder, after make_multilevel.R: Rscript make_intervals.R
# UN of two levels is HCS, for which metafor's search ends where UN's does not. metafor's confint() holds a component and searches the others again: its root is tightened here, and so are the searches inside it.
suppressPackageStartupMessages({library(metafor); library(jsonlite)})
sets <- fromJSON("multilevel.json", simplifyVector = TRUE, simplifyDataFrame = FALSE)$sets; names(sets) <- sapply(sets, `[[`, "name")
tight <- list(optimizer = "nlminb", rel.tol = 1e-14, x.tol = 1e-14, eval.max = 100000, iter.max = 100000)
searches <- list(tight, modifyList(tight, list(rel.tol = 1e-12, x.tol = 1e-12)), list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 100000),
                 list(optimizer = "nlminb", rel.tol = 1e-11, eval.max = 100000, iter.max = 100000))
best <- function(found) { found <- Filter(function(x) !inherits(x, "try-error"), found); found[[which.max(sapply(found, function(x) logLik(x)))]] }
num <- function(x) unname(as.numeric(x))
one <- function(name, set, ours, mods, random, struct = "CS", method = "REML", parts, named = struct) {
  d <- as.data.frame(sets[[set]]$data); V <- sets[[set]]$V
  fit <- function(...) best(lapply(searches, function(how) try(suppressWarnings(
    rma.mv(yi, V, mods = mods, random = random, struct = struct, method = method, data = d, control = how, ...)), silent = TRUE)))
  res <- fit(); ll <- num(logLik(res))
  rows <- lapply(seq_along(parts), function(i) {
    part <- parts[[i]]
    ci <- suppressWarnings(do.call(confint, c(list(res), part$which, list(control = list(tol = 1e-11, vc.max = part$max, maxiter = 10000)))))$random
    list(component = part$component, estimate = num(ci[1, 1]), ci_low = num(ci[1, 2]), ci_high = num(ci[1, 3]),
         statistic = if (is.null(part$zero)) NULL else 2 * (ll - num(logLik(do.call(fit, part$zero)))))
  })
  list(name = name, set = set, formula = ours[[1]], random = ours[[2]], struct = named, method = method, rows = rows)
}
s <- function(i, component, n = 2) { z <- rep(NA, n); z[i] <- 0; list(component = component, which = list(sigma2 = i), max = 10, zero = list(sigma2 = z)) }
t1 <- function(i, component, zero = NULL) list(component = component, which = list(tau2 = i), max = 10, zero = zero)
r1 <- function(component, zero = list(rho = 0)) list(component = component, which = list(rho = 1), max = 1, zero = zero)
fits <- list(
  one("konstantopoulos", "konstantopoulos2011", list("yi ~ 1", "1|district/school"), ~ 1, ~ 1 | district/school, parts = list(s(1, "sigma2[district]"), s(2, "sigma2[district/school]"))),
  one("konstantopoulos_ml_year", "konstantopoulos2011", list("yi ~ year", "1|district/school"), ~ year, ~ 1 | district/school, method = "ML", parts = list(s(1, "sigma2[district]"), s(2, "sigma2[district/school]"))),
  one("assink_che", "assink2016_che", list("yi ~ 1", "1|study/esid"), ~ 1, ~ 1 | study/esid, parts = list(s(1, "sigma2[study]"), s(2, "sigma2[study/esid]"))),
  one("konstantopoulos_cs", "konstantopoulos2011", list("yi ~ 1", "school|district"), ~ 1, ~ school | district, struct = "CS", parts = list(t1(1, "tau2"), r1("rho"))),
  one("berkey_hcs", "berkey1998", list("yi ~ 0 + outcome", "outcome|trial"), ~ outcome - 1, ~ outcome | trial, struct = "HCS", parts = list(t1(1, "tau2[AL]"), t1(2, "tau2[PD]"), r1("rho"))),
  one("berkey_un", "berkey1998", list("yi ~ 0 + outcome", "outcome|trial"), ~ outcome - 1, ~ outcome | trial, struct = "HCS", named = "UN", parts = list(t1(1, "tau2[AL]"), t1(2, "tau2[PD]"), r1("rho"))),
  one("vanhouwelingen_un", "vanhouwelingen2002", list("yi ~ 0 + arm", "arm|trial"), ~ arm - 1, ~ arm | trial, struct = "HCS", named = "UN", method = "ML", parts = list(t1(1, "tau2[control]"), t1(2, "tau2[treated]"))))
write_json(list(versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor"))), fits = fits), "intervals.json", digits = I(17), auto_unbox = TRUE, na = "null", null = "null")

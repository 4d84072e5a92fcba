# Reference values for what is asked of models of dependent effects: predictions, contrasts, tests of terms, variance inflation,
# random effects and likelihood-ratio tests from metafor; robust contrasts and tests of terms from clubSandwich.
# Run from this folder: Rscript make_dependent_more.R
# metafor's optimiser is tightened. It stops at 1e-5 for UN, which is given the variances and the correlation that Newton's method
# found in make_multilevel.R (multilevel.json, berkey1998, UN_year).
suppressPackageStartupMessages({library(metafor); library(metadat); library(clubSandwich); library(jsonlite)})
controls <- list(list(optimizer = "nlminb", rel.tol = 1e-14, x.tol = 1e-14, eval.max = 100000, iter.max = 100000),
                 list(optimizer = "nlminb", rel.tol = 1e-12, eval.max = 100000, iter.max = 100000),
                 list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 100000))
best <- function(...) {
  fits <- lapply(controls, function(control) try(suppressWarnings(rma.mv(..., test = "t", control = control)), silent = TRUE))
  fits <- Filter(function(f) !inherits(f, "try-error"), fits)
  fits[[which.max(sapply(fits, function(f) as.numeric(logLik(f))))]]
}
known <- function(set, fit) { s <- fromJSON("multilevel.json", simplifyVector = FALSE)$sets; s <- s[[which(sapply(s, `[[`, "name") == set)]]$fits
  f <- s[[which(sapply(s, `[[`, "name") == fit)]]; list(tau2 = unlist(f$tau2), rho = unlist(f$rho)) }
num <- function(x) as.numeric(x)

# predictions, contrasts L, terms, vif and random effects of one fit; newmods as full rows of the design, levels for tau2.levels
asked <- function(res, Xnew, L, assign, levels = NULL) {
  intercept <- res$int.incl
  args <- list(res, newmods = if (intercept) Xnew[, -1, drop = FALSE] else Xnew)
  if (res$int.only) args <- list(res)
  if (!is.null(levels)) args$tau2.levels <- levels
  pred <- do.call(predict, args)
  con <- if (is.null(L)) NULL else anova(res, X = L)
  terms <- lapply(setdiff(unique(assign), 0), function(i) { w <- anova(res, btt = which(assign == i)); list(QM = num(w$QM), p = num(w$QMp)) })
  b <- coef(res)
  gvif <- NULL
  if (!res$int.only) {
    keep <- if (intercept) -1 else seq_along(b)
    R <- cov2cor(vcov(res)[keep, keep, drop = FALSE]); kept <- assign[keep]
    own <- function(at) if (length(at) == ncol(R)) 1 else det(R[at, at, drop = FALSE]) * det(R[-at, -at, drop = FALSE]) / det(R)
    gvif <- sapply(unique(kept), function(i) own(which(kept == i)))
  }
  u <- ranef(res)
  list(estimate = num(b), se = num(res$se), loglik = num(logLik(res)), pred = num(pred$pred), pred_se = num(pred$se),
       ci_low = num(pred$ci.lb), ci_high = num(pred$ci.ub), pi_low = num(pred$pi.lb), pi_high = num(pred$pi.ub),
       contrast = num(con$Xb), contrast_se = num(con$se), contrast_p = num(con$pval), contrast_QM = num(con$QM), contrast_QM_p = num(con$QMp),
       term_QM = sapply(terms, `[[`, "QM"), term_p = sapply(terms, `[[`, "p"), gvif = gvif,
       ranef = lapply(names(u), function(n) list(name = n, levels = rownames(u[[n]]), estimate = num(u[[n]]$intrcpt), se = num(u[[n]]$se),
                                                  low = num(u[[n]]$pi.lb), high = num(u[[n]]$pi.ub))))
}

case <- function(name, data, V, formula, random, struct, method, r_mods, r_random, newdata, L, levels = NULL, ...) {
  message(name)
  built <- model.frame(r_mods, data)
  X <- model.matrix(r_mods, built)
  Xnew <- unname(model.matrix(r_mods, newdata, xlev = .getXlevels(terms(built), built)))
  res <- best(data$yi, V, mods = r_mods, random = r_random, struct = struct, method = method, data = data, ...)
  list(name = name, data = data, V = unname(as.matrix(V)), formula = formula, random = random, struct = struct, method = method,
       newdata = newdata, Xnew = Xnew, L = L, levels = levels, fit = asked(res, Xnew, L, attr(X, "assign"), levels))
}

a <- dat.assink2016[, c("study", "esid", "yi", "vi", "pubstatus", "year", "deltype")]; a$yi <- num(a$yi); a$deltype <- as.character(a$deltype)
av <- vcalc(vi, cluster = study, obs = esid, rho = 0.6, data = a)
k <- dat.konstantopoulos2011; k <- data.frame(district = k$district, school = k$school, effect = seq_len(nrow(k)), year = k$year, yi = num(k$yi), vi = num(k$vi))
k$y <- k$year - 1990
b <- dat.berkey1998; bv <- vcalc(vi = 1, cluster = author, rvars = c(v1i, v2i), data = b)
b <- data.frame(trial = b$trial, outcome = as.character(b$outcome), y = b$year - 1983, yi = num(b$yi), vi = num(b$vi))

cases <- list(
  case("assink_three_level", a, diag(a$vi), "yi ~ deltype + year", "1 | study/esid", "CS", "REML", ~ deltype + year, ~ 1 | study/esid,
       data.frame(deltype = c("covert", "general", "overt"), year = c(-3, 0, 4.5)), rbind(c(0, -1, 1, 0), c(0, 1, 0, 2))),
  case("assink_che", a, av, "yi ~ deltype + year", "1 | study/esid", "CS", "REML", ~ deltype + year, ~ 1 | study/esid,
       data.frame(deltype = c("covert", "general", "overt"), year = c(-3, 0, 4.5)), rbind(c(0, -1, 1, 0), c(0, 1, 0, 2))),
  case("konstantopoulos_mean", k, diag(k$vi), "yi ~ 1", "1 | district/school", "CS", "REML", ~ 1, ~ 1 | district/school, data.frame(y = 0), NULL),
  case("konstantopoulos_crossed", k, diag(k$vi), "yi ~ y", c("1 | district", "1 | year", "1 | effect"), "CS", "ML", ~ y,
       list(~ 1 | district, ~ 1 | year, ~ 1 | effect), data.frame(y = c(-10, 8)), rbind(c(1, 2)),
       sigma2 = c(NA, 0, NA)),  # it is 0 at the optimum, which the search comes near to only
  case("konstantopoulos_cs", k, diag(k$vi), "yi ~ y", "school | district", "CS", "REML", ~ y, ~ school | district, data.frame(y = c(-10, 8)), rbind(c(1, 2))),
  case("berkey_un", b, bv, "yi ~ 0 + outcome + outcome:y", "outcome | trial", "UN", "ML", ~ 0 + outcome + outcome:y, ~ outcome | trial,
       data.frame(outcome = c("AL", "PD", "PD"), y = c(0, 2, 4)), rbind(c(1, -1, 0, 0), c(0, 0, 1, -1)), levels = c("AL", "PD", "PD"), tau2 = known("berkey1998", "UN_year")$tau2, rho = known("berkey1998", "UN_year")$rho),
  case("berkey_hcs", b, bv, "yi ~ 0 + outcome", "outcome | trial", "HCS", "REML", ~ 0 + outcome, ~ outcome | trial,
       data.frame(outcome = c("AL", "PD")), rbind(c(1, -1)), levels = c("AL", "PD")))

# likelihood-ratio tests, full against reduced
ratio <- function(name, data, V, full, reduced, ours) {
  message(name)
  fit <- function(f) best(data$yi, V, mods = f$mods, random = f$random, struct = if (is.null(f$struct)) "CS" else f$struct, method = f$method, data = data)
  w <- anova(fit(full), fit(reduced))
  list(name = name, set = ours$set, full = ours$full, reduced = ours$reduced, method = full$method, chi2 = num(w$LRT), p = num(w$pval),
       df = num(w$parms.f - w$parms.r), loglik = c(num(w$fit.stats.f["ll"]), num(w$fit.stats.r["ll"])), AIC = c(num(w$fit.stats.f["AIC"]), num(w$fit.stats.r["AIC"])),
       AICc = c(num(w$fit.stats.f["AICc"]), num(w$fit.stats.r["AICc"])))
}
spec <- function(formula, random, struct = "CS") list(formula = formula, random = random, struct = struct)
ratios <- list(
  ratio("levels", a, av, list(mods = ~ 1, random = ~ 1 | study/esid, method = "REML"), list(mods = ~ 1, random = ~ 1 | study, method = "REML"),
        list(set = "assink_che", full = spec("yi ~ 1", "1 | study/esid"), reduced = spec("yi ~ 1", "1 | study"))),
  ratio("levels_inner", a, av, list(mods = ~ 1, random = ~ 1 | study/esid, method = "REML"), list(mods = ~ 1, random = ~ 1 | esid, method = "REML"),
        list(set = "assink_che", full = spec("yi ~ 1", "1 | study/esid"), reduced = spec("yi ~ 1", "1 | effect"))),
  ratio("moderator", a, av, list(mods = ~ deltype, random = ~ 1 | study/esid, method = "ML"), list(mods = ~ 1, random = ~ 1 | study/esid, method = "ML"),
        list(set = "assink_che", full = spec("yi ~ deltype", "1 | study/esid"), reduced = spec("yi ~ 1", "1 | study/esid"))),
  ratio("un_cs", b, bv, list(mods = ~ 0 + outcome, random = ~ outcome | trial, struct = "UN", method = "REML"), list(mods = ~ 0 + outcome, random = ~ outcome | trial, struct = "CS", method = "REML"),
        list(set = "berkey_un", full = spec("yi ~ 0 + outcome", "outcome | trial", "UN"), reduced = spec("yi ~ 0 + outcome", "outcome | trial", "CS"))),
  ratio("un_diag", b, bv, list(mods = ~ 0 + outcome, random = ~ outcome | trial, struct = "UN", method = "ML"), list(mods = ~ 0 + outcome, random = ~ outcome | trial, struct = "DIAG", method = "ML"),
        list(set = "berkey_un", full = spec("yi ~ 0 + outcome", "outcome | trial", "UN"), reduced = spec("yi ~ 0 + outcome", "outcome | trial", "DIAG"))))
ratios[[2]] <- NULL

# cluster-robust contrasts, tests of terms and predictions: CR2, Satterthwaite and HTZ
sturdy <- function(name, set, data, V, mods, random, cluster, L, terms, Xnew) {
  message(name)
  res <- best(data$yi, V, mods = mods, random = random, data = data)
  V2 <- vcovCR(res, cluster = cluster, type = "CR2")
  one <- function(C) { w <- linear_contrast(res, vcov = V2, contrasts = C, test = "Satterthwaite", p_values = TRUE); list(estimate = num(w$Est), se = num(w$SE), df = num(w$df), low = num(w$CI_L), high = num(w$CI_U), p = num(w$p_val)) }
  htz <- function(C) { w <- Wald_test(res, vcov = V2, constraints = C, test = "HTZ"); list(F = num(w$Fstat), df2 = num(w$df_denom), p = num(w$p_val)) }
  I <- diag(length(coef(res)))
  list(name = name, set = set, cluster = cluster, L = L, joint = htz(L), contrasts = one(L), terms = lapply(terms, function(t) htz(I[t, , drop = FALSE])),
       Xnew = Xnew, predictions = one(Xnew))
}
ones <- cases[[1]]
sturdies <- list(
  sturdy("assink_year", "assink_che", a, av, ~ deltype + year, ~ 1 | study/esid, a$study, rbind(c(0, -1, 1, 0), c(0, 0, 0, 2)), list(2:3, 4), ones$Xnew[2:3, ]),
  sturdy("assink_three_level", "assink_three_level", a, diag(a$vi), ~ deltype + year, ~ 1 | study/esid, a$study, rbind(c(0, -1, 1, 0), c(0, 0, 0, 2)), list(2:3, 4), ones$Xnew[2:3, ]))

write_json(list(versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor")), clubSandwich = as.character(packageVersion("clubSandwich")), metadat = as.character(packageVersion("metadat"))),
                sources = c("metadat dat.assink2016: Assink & Wibbelink (2016)", "metadat dat.konstantopoulos2011: Konstantopoulos (2011)", "metadat dat.berkey1998: Berkey et al. (1998)"),
                cases = cases, ratios = ratios, robust = sturdies), "dependent_more.json", digits = NA, auto_unbox = TRUE, na = "null", null = "null")

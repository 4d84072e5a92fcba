# Reference values for meta-regression: designs, tests, predictions, VIF, permutations, model selection and location-scale
# models, from metafor with tightened convergence.
# Run from this folder: Rscript make_regression.R (about four minutes, nearly all of it permutest)
# The functions that tighten a fit and check it by its own estimating equation are those of make_reference.R.
# The location-scale optimum is found again here from dense matrices, by Newton steps on numDeriv's derivatives; the script
# stops where metafor's coefficients differ by more than its optimiser's looseness or its likelihood is higher.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite); library(numDeriv); library(splines)})

for (e in parse("make_reference.R")) {
  function_or_setting <- is.call(e) && identical(e[[1]], as.name("<-")) && (identical(e[[2]], as.name("tight")) ||
    is.call(e[[3]]) && identical(e[[3]][[1]], as.name("function")))
  if (function_or_setting) eval(e)
}
versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                 metadat = as.character(packageVersion("metadat")))

# effects and moderators: complete rows, effects to 12 significant digits
frame_of <- function(d, y, v, columns, n = nrow(d)) {
  out <- cbind(data.frame(yi = signif(as.numeric(y), 12), vi = signif(as.numeric(v), 12)), d[, columns, drop = FALSE])
  out <- out[complete.cases(out), ]; rownames(out) <- NULL
  out <- out[seq_len(min(n, nrow(out))), ]
  for (j in columns) if (is.factor(out[[j]])) out[[j]] <- as.character(out[[j]])
  out
}

case <- function(name, source, data, formula, r_formula, newdata, fits = list(c("REML", "knha"), c("ML", "z"), c("DL", "knha"))) {
  message(name)
  built <- model.frame(r_formula, data)
  X <- model.matrix(r_formula, built); assign <- attr(X, "assign"); labels <- attr(terms(built), "term.labels")
  dimnames(X) <- list(NULL, colnames(X))
  Xnew <- unname(model.matrix(delete.response(terms(built)), model.frame(delete.response(terms(built)), newdata, xlev = .getXlevels(terms(built), built))))
  L <- rbind(c(0, rep(1, ncol(X) - 1)), c(1, rep(-0.5, ncol(X) - 1)))
  out <- list(name = name, source = source, formula = formula, data = data, X = unname(X), newdata = newdata, Xnew = Xnew, L = L)
  one_fit <- function(m, t) {
    res <- polished(data$yi, data$vi, X, m, t)
    a <- lapply(seq_along(labels), function(i) { w <- anova(res, btt = which(assign == i)); list(QM = num(w$QM), p = num(w$QMp)) })
    con <- anova(res, X = L)
    pred <- predict(res, newmods = Xnew[, -1, drop = FALSE])
    rb <- cov2cor(vcov(res)[-1, -1, drop = FALSE]); own <- function(b) det(rb[b, b, drop = FALSE]) * det(rb[-b, -b, drop = FALSE]) / det(rb)
    single <- num(vif(res)$vifs); if (length(single) == 0) single <- 1
    gv <- sapply(seq_along(labels), function(i) { b <- which(assign == i) - 1; if (length(b) == ncol(rb)) 1 else own(b) })
    list(method = m, test = t, estimate = num(res$beta), se = num(res$se), p = num(res$pval), tau2 = num(res$tau2), QM = num(res$QM),
         QM_p = num(res$QMp), QE = num(res$QE), terms = labels, term_QM = sapply(a, `[[`, "QM"), term_p = sapply(a, `[[`, "p"),
         contrast = num(con$Xb), contrast_se = num(con$se), contrast_p = num(con$pval), contrast_QM = num(con$QM), contrast_QM_p = num(con$QMp),
         pred = num(pred$pred), pred_se = num(pred$se), ci_low = num(pred$ci.lb), ci_high = num(pred$ci.ub), pi_low = num(pred$pi.lb),
         pi_high = num(pred$pi.ub), vif = single, gvif = gv)
  }
  out$fits <- lapply(fits, function(f) one_fit(f[1], f[2]))
  out
}

bcg_e <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
bcg <- frame_of(dat.bcg, bcg_e$yi, bcg_e$vi, c("ablat", "year", "alloc"))
bang <- frame_of(dat.bangertdrowns2004, dat.bangertdrowns2004$yi, dat.bangertdrowns2004$vi, c("grade", "length", "feedback"))
raud <- frame_of(dat.raudenbush1985, dat.raudenbush1985$yi, dat.raudenbush1985$vi, c("weeks", "tester", "setting"))
raud$band <- ifelse(raud$weeks < 1, "none", ifelse(raud$weeks < 10, "some", "high"))
lopez <- frame_of(dat.lopez2019, dat.lopez2019$diff, dat.lopez2019$se^2, c("treatment", "sessions"))
land_e <- escalc(measure = "OR", ai = n.cbt.non, bi = n.cbt.rec, ci = n.ctrl.non, di = n.ctrl.rec, data = dat.landenberger2005)
land <- frame_of(dat.landenberger2005, land_e$yi, land_e$vi, c("design", "male", "age"))
assink <- frame_of(dat.assink2016, dat.assink2016$yi, dat.assink2016$vi, c("year", "deltype", "pubstatus"))
begg <- frame_of(dat.begg1989, dat.begg1989$yi, dat.begg1989$vi, c("trt", "arms"))
curt_e <- escalc("ROM", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.curtis1998)
curt <- frame_of(dat.curtis1998, curt_e$yi, curt_e$vi, c("fungrp", "co2.elev", "time"))
names(curt)[4] <- "co2"
tanner <- frame_of(dat.tannersmith2016, dat.tannersmith2016$yi, dat.tannersmith2016$vi, c("aget1", "propmale", "sexmix"))
knapp <- frame_of(dat.knapp2017, dat.knapp2017$yi, dat.knapp2017$vi, c("difficulty", "n_sz", "n_hc"))

designs <- list(
  case("bcg_interaction", "metadat dat.bcg, log risk ratio", bcg, "yi ~ ablat * alloc", yi ~ ablat * alloc,
       data.frame(ablat = c(20, 44), alloc = c("random", "systematic"))),
  case("bcg_polynomial", "metadat dat.bcg, log risk ratio", bcg, "yi ~ poly(ablat, 2) + alloc", yi ~ poly(ablat, 2) + alloc,
       data.frame(ablat = c(15, 60), alloc = c("alternate", "random"))),
  case("bangert_spline", "metadat dat.bangertdrowns2004", bang, "yi ~ bs(length, df=4)", yi ~ bs(length, df = 4), data.frame(length = c(2, 11.5, 24))),
  case("bangert_grade", "metadat dat.bangertdrowns2004", bang, "yi ~ C(grade) * feedback + length", yi ~ factor(grade) * feedback + length,
       data.frame(grade = c(1, 3), feedback = c(0, 1), length = c(5, 10))),
  case("raudenbush_factors", "metadat dat.raudenbush1985", raud, "yi ~ band * tester", yi ~ band * tester,
       data.frame(band = c("none", "high"), tester = c("blind", "aware"))),
  case("raudenbush_square", "metadat dat.raudenbush1985", raud, "yi ~ weeks + I(weeks**2) + setting", yi ~ weeks + I(weeks^2) + setting,
       data.frame(weeks = c(1, 30), setting = c("group", "indiv"))),
  case("lopez2019", "metadat dat.lopez2019, difference of means of depression scales", lopez, "yi ~ treatment + sessions", yi ~ treatment + sessions,
       data.frame(treatment = c("Multimedia CBT", "F2F CBT"), sessions = c(5, 12))),
  case("landenberger2005", "metadat dat.landenberger2005, log odds ratio", land, "yi ~ design + male + center(age)", yi ~ design + male + scale(age, scale = FALSE),
       data.frame(design = c("rct", "nonequiv"), male = c(50, 100), age = c(15, 30))),
  case("assink2016", "metadat dat.assink2016, univariate", assink, "yi ~ year + deltype", yi ~ year + deltype,
       data.frame(year = c(-1, 2), deltype = c("overt", "general"))),
  case("begg1989", "metadat dat.begg1989, proportions", begg, "yi ~ trt + arms", yi ~ trt + arms, data.frame(trt = c("BMT", "CMO"), arms = c(1, 2))),
  case("curtis1998", "metadat dat.curtis1998, log response ratio", curt, "yi ~ fungrp + log(time) + co2", yi ~ fungrp + log(time) + co2,
       data.frame(fungrp = c("ANGIO", "GYMNO"), time = c(50, 500), co2 = c(600, 700))),
  case("tannersmith2016", "metadat dat.tannersmith2016, univariate", tanner, "yi ~ aget1 * propmale + sexmix", yi ~ aget1 * propmale + sexmix,
       data.frame(aget1 = c(11, 14), propmale = c(40, 60), sexmix = c("mixed", "male"))),
  case("knapp2017", "metadat dat.knapp2017, univariate", knapp, "yi ~ bs(difficulty, knots=[3.5], degree=2)", yi ~ bs(difficulty, knots = 3.5, degree = 2),
       data.frame(difficulty = c(2, 3, 4)))
)

# permutation tests
perm <- function(name, data, X, test) {
  res <- if (is.null(X)) rma(yi, vi, data = data, test = test, control = list(threshold = 1e-10, maxiter = 10000))
         else rma(yi, vi, mods = X, data = data, test = test, control = list(threshold = 1e-10, maxiter = 10000))
  p <- suppressWarnings(permutest(res, exact = TRUE, progbar = FALSE))
  list(name = name, test = test, p_value = num(p$pval), QM_p = num(p$QMp), count = p$exact.iter)
}
seven <- bcg[1:7, ]
took <- system.time(permutations <- list(
  c(perm("bcg", bcg, NULL, "knha"), list(formula = "", rows = 13)),
  c(perm("bcg_random", bcg, 1 * (bcg$alloc == "random"), "knha"), list(formula = "yi ~ I(1 * (alloc == 'random'))", rows = 13)),
  c(perm("bcg_ablat_7", seven, seven$ablat, "z"), list(formula = "yi ~ ablat", rows = 7)),
  c(perm("bcg_two_7", seven, cbind(seven$ablat, seven$year), "knha"), list(formula = "yi ~ ablat + year", rows = 7))))

# all subsets by AICc, by hand
selection <- function(data, names) {
  rows <- list(); p <- length(names)
  for (code in 0:(2^p - 1)) {
    used <- names[bitwAnd(code, 2^(0:(p - 1))) > 0]
    X <- cbind(1, as.matrix(data[, used, drop = FALSE]))
    res <- polished(data$yi, data$vi, unname(X), "ML", "z")
    b <- v <- rep(0, p + 1); at <- c(1, 1 + which(names %in% used)); b[at] <- num(res$beta); v[at] <- num(res$se)^2
    rows <- c(rows, list(list(terms = used, ll = num(logLik(res)), AICc = num(res$fit.stats["AICc", "ML"]), tau2 = num(res$tau2), b = b, v = v)))
  }
  aicc <- sapply(rows, `[[`, "AICc"); w <- exp(-(aicc - min(aicc)) / 2); w <- w / sum(w)
  B <- t(sapply(rows, `[[`, "b")); V <- t(sapply(rows, `[[`, "v")); mean <- drop(w %*% B)
  list(names = names, models = sapply(rows, function(r) paste(r$terms, collapse = " + ")), ll = sapply(rows, `[[`, "ll"), AICc = aicc,
       tau2 = sapply(rows, `[[`, "tau2"), weight = w, estimate = mean, se = sqrt(drop(w %*% (V + sweep(B, 2, mean)^2))),
       importance = drop(w %*% (B != 0)))
}
many <- frame_of(dat.bangertdrowns2004, dat.bangertdrowns2004$yi, dat.bangertdrowns2004$vi, c("length", "wic", "feedback", "info", "pers", "imag", "meta"))
chosen <- selection(many, c("length", "wic", "feedback", "info", "imag", "meta"))
lr <- function(data, f, r) {
  full <- polished(data$yi, data$vi, model.matrix(f, data), "ML", "z"); reduced <- polished(data$yi, data$vi, model.matrix(r, data), "ML", "z")
  a <- anova(full, reduced)
  list(chi2 = num(a$LRT), p = num(a$pval), ll = c(num(logLik(full)), num(logLik(reduced))), AICc = num(c(full$fit.stats["AICc", "ML"], reduced$fit.stats["AICc", "ML"])))
}
ratio <- c(list(full = "yi ~ ablat + alloc", reduced = "yi ~ ablat"), lr(bcg, ~ ablat + alloc, ~ ablat))

# location-scale models
loglik <- function(a, y, v, X, Z, link, reml) {
  t <- drop(Z %*% a); if (link == "log") t <- exp(t); if (any(t < -1e-14)) return(-Inf)
  w <- 1 / (v + pmax(t, 0)); A <- t(X) %*% (w * X); b <- solve(A, t(X) %*% (w * y)); e <- y - drop(X %*% b)
  ll <- 0.5 * sum(log(w)) - 0.5 * sum(w * e^2) - 0.5 * (length(y) - reml * ncol(X)) * log(2 * pi)
  if (reml) ll <- ll - 0.5 * as.numeric(determinant(A)$modulus) + 0.5 * as.numeric(determinant(t(X) %*% X)$modulus)
  ll
}
scale_case <- function(name, source, data, formula, scale, f, s, link, method, edge = FALSE) {
  X <- model.matrix(f, data); Z <- model.matrix(s, data)
  control <- if (link == "log") list(optimizer = "nlminb", rel.tol = 1e-15, x.tol = 1e-14, iter.max = 10000, eval.max = 10000)
             else list(optimizer = "constrOptim", reltol = 1e-15, maxit = 10000)
  fit <- function(t) for (ctrl in list(control, control[-2], control[1], list())) {
    r <- suppressWarnings(try(rma(yi, vi, mods = f, scale = s, data = data, link = link, method = method, test = t, control = ctrl), silent = TRUE))
    if (!inherits(r, "try-error")) return(r)
  }
  message(name); fits <- lapply(c("z", "t", "knha"), fit)
  a <- num(fits[[1]]$alpha); g <- function(a) loglik(a, data$yi, data$vi, X, Z, link, method == "REML")
  if (!edge) for (i in 1:30) { step <- solve(hessian(g, a), grad(g, a)); a <- a - drop(step); if (max(abs(step)) < 1e-11) break }
  if (g(a) < g(num(fits[[1]]$alpha)) - 1e-10 || max(abs(a - num(fits[[1]]$alpha))) > 0.01) stop(name)
  out <- list(name = name, source = source, data = data, formula = formula, scale = scale, link = link, method = method, edge = edge,
              alpha = a, ll = g(a), score = if (edge) 0 else max(abs(grad(g, a))), alpha_se = if (edge) NULL else sqrt(diag(solve(-hessian(g, a)))))
  t <- drop(Z %*% a); if (link == "log") t <- exp(t); w <- 1 / (data$vi + pmax(t, 0))
  out$estimate <- drop(solve(t(X) %*% (w * X), t(X) %*% (w * data$yi))); out$se <- unname(sqrt(diag(solve(t(X) %*% (w * X)))))
  out$estimate <- unname(out$estimate)
  out$metafor <- lapply(fits, function(r) list(test = r$test, alpha = num(r$alpha), alpha_se = num(r$se.alpha), alpha_p = num(r$pval.alpha),
    estimate = num(r$beta), se = num(r$se), p = num(r$pval), QM = num(r$QM), QM_p = num(r$QMp), QS = num(r$QS), QS_p = num(r$QSp), QE = num(r$QE), ll = num(logLik(r))))
  out
}
ls <- dat.bangertdrowns2004; ls$ni100 <- ls$ni / 100
ls <- frame_of(ls, ls$yi, ls$vi, c("ni100", "meta", "grade", "wic"))
src <- "metadat dat.bangertdrowns2004; the model of metafor's help page of rma.uni"
scales <- list(
  scale_case("bangert_log", src, ls, "yi ~ ni100", "~ ni100", ~ ni100, ~ ni100, "log", "REML"),
  scale_case("bangert_log_ml", src, ls, "yi ~ ni100", "~ ni100", ~ ni100, ~ ni100, "log", "ML"),
  scale_case("bangert_three", src, ls, "yi ~ ni100", "~ ni100 + meta", ~ ni100, ~ ni100 + meta, "log", "REML"),
  scale_case("bangert_identity", src, ls, "yi ~ 1", "~ wic", ~ 1, ~ wic, "identity", "REML"),
  scale_case("bangert_identity_ml", src, ls, "yi ~ meta", "~ wic", ~ meta, ~ wic, "identity", "ML"),
  scale_case("bangert_edge", src, ls, "yi ~ ni100", "~ ni100", ~ ni100, ~ ni100, "identity", "REML", edge = TRUE),
  scale_case("assink", "metadat dat.assink2016, univariate", assink, "yi ~ deltype", "~ deltype + pubstatus", ~ deltype, ~ deltype + pubstatus, "log", "REML"),
  scale_case("landenberger", "metadat dat.landenberger2005, log odds ratio", land, "yi ~ male", "~ design", ~ male, ~ design, "log", "ML"))

# published: Berkey et al. (1995) with their smoothed variances; van Houwelingen et al. (2002), log odds ratios
smooth <- with(dat.bcg, mean(tneg / tpos) / (tneg + tpos) + mean(cneg / cpos) / (cneg + cpos))
odds <- escalc(measure = "OR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
published <- list(berkey1995 = frame_of(dat.bcg, bcg_e$yi, smooth, c("ablat")), vanhouwelingen2002 = frame_of(dat.bcg, odds$yi, odds$vi, c("ablat")),
                  raudenbush = raud)

save_json(list(cases = designs), "moderators.json")
save_json(list(cases = scales), "location_scale.json")
save_json(list(permutations = permutations, permutest_seconds = took[["elapsed"]], bcg = bcg, selection = c(list(data = many), chosen),
               likelihood_ratio = ratio, published = published), "regression_tests.json")
cat("permutest:", took[["elapsed"]], "s\n")

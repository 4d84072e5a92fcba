# Reference values of cluster-robust variances and tests, from clubSandwich over metafor models.
# Run from this folder: Rscript make_robust.R
# Variance components are given, not estimated, so that 1e-8 means the robust algebra and not an optimiser. Data are named here
# and read by the tests from multilevel.json, pool_bcg.json or the shared folder.
suppressPackageStartupMessages({library(metafor); library(metadat); library(clubSandwich); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
kinds <- c("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
# CR3 inverts I - H_jj. Where a cluster alone determines a coefficient that is singular, and clubSandwich inverts it all the same
# when rounding lets it: those figures are noise, and are left out.
singular <- function(res, cluster) {
  X <- model.matrix(res); W <- if (inherits(res, "rma.mv")) solve(res$M) else diag(1 / (res$vi + res$tau2)); M <- solve(t(X) %*% W %*% X)
  any(sapply(unique(cluster), function(j) { i <- cluster == j; rcond(diag(sum(i)) - X[i, , drop = FALSE] %*% M %*% t(X[i, , drop = FALSE]) %*% W[i, i]) < 1e-10 }))
}
one <- function(name, data, formula, res, cluster, contrasts = list(), ...) {
  cluster <- as.character(cluster)
  vcovs <- lapply(kinds, function(kind) {
    if (kind == "CR3" && singular(res, cluster)) return(NULL)
    V <- try(vcovCR(res, cluster = cluster, type = kind), silent = TRUE)
    if (inherits(V, "try-error")) return(NULL)
    t <- coef_test(res, vcov = V, test = c("z", "naive-t", "Satterthwaite"), p_values = TRUE)
    tests <- lapply(contrasts, function(C) {
      w <- suppressWarnings(try(Wald_test(res, constraints = C, vcov = V, test = c("chi-sq", "Naive-F", "HTZ")), silent = TRUE))
      if (inherits(w, "try-error")) return(NULL)
      list(C = C, chi = num(w$Fstat[1]) * nrow(C), chi_p = num(w$p_val[1]), naive_F = num(w$Fstat[2]), naive_p = num(w$p_val[2]),
           HTZ = num(w$Fstat[3]), HTZ_df2 = num(w$df_denom[3]), HTZ_p = num(w$p_val[3]))
    })
    list(cov = unname(as.matrix(V)), se = num(t$SE), df = num(t$df_Satt), p = num(t$p_Satt), p_z = num(t$p_z), p_naive = num(t$p_t), tests = tests)
  })
  names(vcovs) <- kinds
  list(name = name, data = data, formula = formula, sigma2 = num(res$sigma2), estimate = num(coef(res)), clusters = cluster, kinds = vcovs, ...)
}
ml <- function(data, mods, random, sigma2, V = diag(data$vi)) rma.mv(yi, V, mods = mods, random = random, data = data, sigma2 = sigma2)
fits <- list(); add <- function(...) fits[[length(fits) + 1]] <<- one(...)

a <- dat.assink2016; a$yi <- as.numeric(a$yi); a$year <- as.numeric(a$year)
av <- vcalc(vi, cluster = study, obs = esid, rho = 0.6, data = a); s <- ~ 1 | study/esid; last <- list(rbind(c(0, 1, 0), c(0, 0, 1)), rbind(c(0, 1, -1)), rbind(c(1, 1, 0), c(1, 0, 1)))
add("assink_che", "assink2016", "yi ~ 1", ml(a, ~ 1, s, c(.08, .15), av), a$study, list(matrix(1)), random = "1|study/esid", rho = .6)
add("assink_che_deltype", "assink2016", "yi ~ deltype", ml(a, ~ deltype, s, c(.08, .15), av), a$study, last, random = "1|study/esid", rho = .6)
add("assink_three_level", "assink2016", "yi ~ 1", ml(a, ~ 1, s, c(.19, .11)), a$study, list(matrix(1)), random = "1|study/esid", rho = 0)
add("assink_three_level_pub_year", "assink2016", "yi ~ pubstatus + year", ml(a, ~ pubstatus + year, s, c(.19, .11)), a$study, last, random = "1|study/esid", rho = 0)

k <- dat.konstantopoulos2011; k$yi <- as.numeric(k$yi); d <- ~ 1 | district/school
add("konstantopoulos", "konstantopoulos2011", "yi ~ 1", ml(k, ~ 1, d, c(.065, .033)), k$district, list(matrix(1)), random = "1|district/school", rho = 0)
add("konstantopoulos_year", "konstantopoulos2011", "yi ~ I(year - 1990)", ml(k, ~ I(year - 1990), d, c(.065, .033)), k$district, list(diag(2)), random = "1|district/school", rho = 0)

t <- dat.tannersmith2016; t$yi <- as.numeric(t$yi); t$effect <- seq_len(nrow(t)); e <- ~ 1 | studyid/effect
tv <- vcalc(vi, cluster = studyid, obs = effect, rho = 0.6, data = t)
add("tannersmith", "tannersmith2016", "yi ~ 1", ml(t, ~ 1, e, c(.007, .003)), t$studyid, list(matrix(1)), random = "1|studyid/effect", rho = 0)
add("tannersmith_che_age", "tannersmith2016", "yi ~ aget1 + propmale", ml(t, ~ aget1 + propmale, e, c(.007, .003), tv), t$studyid, last, random = "1|studyid/effect", rho = .6)

data("dropoutPrevention", package = "clubSandwich"); p <- dropoutPrevention; p$yi <- p$LOR1; p$vi <- p$varLOR; p$effect <- seq_len(nrow(p))
pv <- vcalc(vi, cluster = studyID, obs = effect, rho = 0.8, data = p)
x <- model.matrix(~ I(study_design == "Matched") + I(study_design == "Non-random, non-matched") + attrition + group_equivalence + male_pct + average_age + duration, p)
m <- rma.mv(p$yi, pv, mods = x, intercept = FALSE, random = ~ 1 | studyID/effect, data = p, sigma2 = c(.1, .05))
add("dropout_che", "dropoutPrevention", "yi ~ I(study_design == \"Matched\") + I(study_design == \"Non-random, non-matched\") + attrition + group_equivalence + male_pct + average_age + duration",
    m, p$studyID, list(cbind(0, diag(2), matrix(0, 2, 5)), cbind(matrix(0, 5, 3), diag(5)), cbind(0, diag(7))), random = "1|studyID/effect", rho = .8)

b <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg); b$yi <- as.numeric(b$yi); b$decade <- b$year %/% 10
add("bcg_pool", "bcg", "yi ~ 1", rma(yi, vi, data = b, tau2 = .3), b$trial, list(matrix(1)), tau2 = .3)
add("bcg_pool_decade", "bcg", "yi ~ 1", rma(yi, vi, data = b, tau2 = .3), b$decade, list(matrix(1)), tau2 = .3)
add("bcg_regress", "bcg", "yi ~ ablat", rma(yi, vi, mods = ~ ablat, data = b, tau2 = .07), b$trial, list(diag(2), rbind(c(1, 33))), tau2 = .07)
add("bcg_regress_decade", "bcg", "yi ~ ablat", rma(yi, vi, mods = ~ ablat, data = b, tau2 = .07), b$decade, list(diag(2), rbind(c(1, 33))), tau2 = .07)

versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")),
                 clubSandwich = as.character(packageVersion("clubSandwich")))
bcg <- b[, c("trial", "yi", "vi", "ablat", "year")]; attributes(bcg$yi) <- NULL
write_json(list(versions = versions, bcg = as.list(bcg), fits = fits), "robust.json", digits = I(17), auto_unbox = TRUE, na = "null", null = "null")

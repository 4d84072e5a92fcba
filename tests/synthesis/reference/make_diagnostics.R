# Reference values for the diagnostics, from metafor with tightened convergence. Run from this folder: Rscript make_diagnostics.R
# Effects are rounded to 12 significant digits first, so that the pinned figures are exactly what was analysed. Every REML tau2,
# also of each fit with an effect left out, is checked by its own score equation (at most 1e-9 of its typical size).
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})

tight <- list(threshold = 1e-13, maxiter = 100000, tol = 1e-16, tau2.max = 1e4)
num <- function(x) if (is.null(x)) NA else unname(as.numeric(x))
rounded <- function(x) signif(as.numeric(x), 12)

score_gap <- function(res) {
  if (res$method != "REML" || res$tau2 == 0) return(0)
  W <- diag(1 / (res$vi + res$tau2)); X <- res$X
  P <- W - W %*% X %*% solve(t(X) %*% W %*% X) %*% t(X) %*% W
  abs(sum((P %*% res$yi)^2) - sum(diag(P))) / sum(diag(P))
}

one <- function(d, mods, method, test, ctrl) {
  res <- try(if (is.null(mods)) rma(yi, vi, data = d, method = method, test = test, control = ctrl)
             else rma(yi, vi, mods = as.formula(mods), data = d, method = method, test = test, control = ctrl), silent = TRUE)
  if (!inherits(res, "try-error") && score_gap(res) < 1e-9) res
}

# the threshold is absolute: loosen it until the fit and, when asked, every fit without one effect are at their roots
fit <- function(d, mods, method, test, deleted = FALSE) {
  for (threshold in 10^(-13:-8)) for (step in c(1, 0.5)) {
    ctrl <- c(tight, stepadj = step); ctrl$threshold <- threshold
    res <- one(d, mods, method, test, ctrl)
    if (is.null(res)) next
    rest <- if (deleted) lapply(seq_len(nrow(d)), function(i) one(d[-i, ], mods, method, test, ctrl)) else list()
    if (!any(sapply(rest, is.null))) return(res)
  }
  stop("tau2 is off")
}

save_json <- function(x, file) writeLines(toJSON(x, auto_unbox = TRUE, digits = I(17), null = "null", na = "null", dataframe = "columns", matrix = "rowmajor"), file)
influences <- function(name, source, d, mods, method, test) {
  res <- fit(d, mods, method, test, deleted = nrow(d) > 4)
  inf <- influence(res)
  out <- list(name = name, source = source, mods = mods, method = method, test = test, data = d,
              rstandard = num(rstandard(res)$z), rstudent = num(rstudent(res)$z), dffits = num(inf$inf$dffits),
              cook = num(inf$inf$cook.d), cov_r = num(inf$inf$cov.r), tau2_deleted = num(inf$inf$tau2.del),
              Q_deleted = num(inf$inf$QE.del), hat = num(inf$inf$hat), weight = num(inf$inf$weight),
              dfbetas = unname(as.matrix(as.data.frame(inf$dfbs))), influential = as.logical(inf$is.infl))
  if (is.null(mods) && nrow(d) > 2) {
    b <- baujat(res); out$baujat <- list(x = num(b$x), y = num(b$y))
    r <- radial(res); out$radial <- list(x = num(r$x), z = num(r$y))
  } else if (nrow(d) > 4) {
    b <- baujat(res); out$baujat <- list(x = num(b$x), y = num(b$y))
  }
  if (nrow(d) > 4) {
    q <- qqnorm(res, envelope = FALSE); out$qq <- list(x = num(q$x), y = num(q$y))
    q <- qqnorm(res, type = "rstudent", envelope = FALSE); out$qq_student <- list(x = num(q$x), y = num(q$y))
  }
  if (is.null(mods) && nrow(d) > 4) {
    l <- leave1out(res)
    out$leave <- lapply(c(estimate = "estimate", se = "se", p = "pval", ci_low = "ci.lb", Q = "Q", Q_p = "Qp", tau2 = "tau2",
                          I2 = "I2", H2 = "H2"), function(n) if (is.null(l[[n]])) NULL else num(l[[n]]))
  }
  if (method == "REML" && nrow(d) > 4) {
    at <- c(0, res$tau2 * c(0.25, 0.5, 1, 2, 4)) + (res$tau2 == 0) * c(0, .01, .02, .04, .05, .06)
    out$profile <- list(tau2 = at, loglik = sapply(at, function(t) num(logLik(
      if (is.null(mods)) rma(yi, vi, data = d, tau2 = t, method = method) else rma(yi, vi, mods = as.formula(mods), data = d, tau2 = t, method = method)))))
  }
  out
}

bcg <- escalc(measure = "RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
bcg <- data.frame(yi = rounded(bcg$yi), vi = rounded(bcg$vi), ablat = bcg$ablat, year = bcg$year, alloc = bcg$alloc,
                  trial = paste(bcg$author, bcg$year))
plain <- function(e) data.frame(yi = rounded(e$yi), vi = rounded(e$vi))
hack <- plain(dat.hackshaw1998)
raud <- data.frame(plain(dat.raudenbush1985), weeks = dat.raudenbush1985$weeks)
norm <- plain(escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = dat.normand1999))
few <- bcg[1:3, ]; two <- bcg[1:2, ]; same <- data.frame(yi = rep(0.5, 6), vi = c(.1, .2, .1, .2, .3, .1))
ties <- data.frame(yi = rep(c(.1, .9), 4), vi = rep(c(.05, .05, .1, .1), 2))
pdf(NULL)
cases <- list()
add <- function(...) cases[[length(cases) + 1]] <<- influences(...)
for (method in c("REML", "DL", "FE")) for (test in if (method == "FE") "z" else c("z", "knha"))
  add("bcg", "metadat dat.bcg, log relative risk; Colditz et al. (1994)", bcg, NULL, method, test)
for (test in c("z", "knha")) {
  add("bcg", "the same", bcg, "~ ablat", "REML", test)
  add("bcg", "the same", bcg, "~ ablat + year", "REML", test)
}
add("hackshaw1998", "metadat dat.hackshaw1998; Hackshaw (1998)", hack, NULL, "REML", "z")
add("raudenbush1985", "metadat dat.raudenbush1985; Raudenbush (1984)", raud, NULL, "REML", "z")
add("raudenbush1985", "the same", raud, "~ weeks", "REML", "knha")
add("normand1999", "metadat dat.normand1999; Normand (1999)", norm, NULL, "REML", "z")
add("ties", "invented: two values, two variances", ties, NULL, "REML", "knha")
add("three", "the first three of bcg", few, NULL, "REML", "z")
add("two", "the first two of bcg", two, NULL, "REML", "z")
add("identical", "invented: one value", same, NULL, "REML", "z")

cumulated <- lapply(c("REML", "FE"), function(m) {
  order <- order(bcg$year)
  res <- lapply(seq_along(order), function(n) { d <- bcg[order[seq_len(n)], ]; if (n == 1) rma(yi, vi, data = d, method = "FE") else fit(d, NULL, m, "z") })
  whole <- cumul(fit(bcg, NULL, m, "z"), order = bcg$year)
  stopifnot(max(abs(whole$estimate - sapply(res, function(r) num(r$beta)))) < 1e-8)
  get <- function(n) sapply(res, function(r) num(r[[n]]))
  list(method = m, order = bcg$trial[order], estimate = get("beta"), se = get("se"), ci_low = get("ci.lb"), ci_high = get("ci.ub"),
       p = get("pval"), tau2 = get("tau2"), Q = get("QE"), Q_p = get("QEp"))
})

goshes <- lapply(c("FE", "DL", "REML"), function(m) {
  d <- bcg[1:7, ]
  g <- gosh(fit(d, NULL, m, "z"), progbar = FALSE)
  list(method = m, yi = d$yi, vi = d$vi, members = unname(1 * as.matrix(g$incl)), k = num(g$res$k), Q = num(g$res$QE),
       I2 = num(g$res$I2), H2 = num(g$res$H2), tau2 = num(g$res$tau2), estimate = num(g$res$estimate))
})

versions <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat")))
save_json(list(versions = versions, influence = cases, cumulative = cumulated, gosh = goshes), "diagnostics.json")

closely <- function(rows_of, fitted) {  # the tightest tolerance at which every fit converges
  for (tolerance in 10^(-12:-9)) {
    ctrl <- list(optimizer = "nlminb", rel.tol = tolerance)
    done <- sapply(rows_of, function(rows) !inherits(try(fitted(rows, ctrl), silent = TRUE), "try-error"))
    if (all(done)) return(ctrl)
  }
  stop("no convergence")
}
# Multilevel: each deletion refitted from scratch with nlminb tightened as far as it converges.
mv <- function(name, source, d, mods, random, V = d$vi) {
  d <- as.data.frame(d)
  fitted <- function(rows, ctrl) rma.mv(yi, V = vi, mods = as.formula(mods), random = as.formula(random), data = d[rows, ], control = ctrl)
  groups <- unique(d$group)
  ctrl <- closely(c(list(rep(TRUE, nrow(d))), lapply(groups, function(g) d$group != g)), fitted)
  res <- fitted(rep(TRUE, nrow(d)), ctrl)
  st <- rstandard(res, cluster = d$group); rs <- rstudent(res, cluster = d$group, reestimate = TRUE)
  ck <- cooks.distance(res, cluster = d$group, reestimate = TRUE); db <- dfbetas(res, cluster = d$group, reestimate = TRUE)
  held <- list(rstudent = num(rstudent(res, cluster = d$group, reestimate = FALSE)$obs$z),
               cook = num(cooks.distance(res, cluster = d$group, reestimate = FALSE)))
  gone <- lapply(groups, function(g) { r <- fitted(d$group != g, ctrl); list(estimate = num(r$beta), se = num(r$se), sigma2 = num(r$sigma2), Q = num(r$QE)) })
  list(name = name, source = source, mods = mods, random = random, data = d, groups = groups, sigma2 = num(res$sigma2),
       rstandard = num(st$obs$z), rstandard_X2 = num(st$cluster$X2), rstudent = num(rs$obs$z), rstudent_X2 = num(rs$cluster$X2),
       order_X2 = as.character(rs$cluster$slab), cook = num(ck), order_cook = names(ck), dfbetas = unname(as.matrix(db)),
       order_dfbetas = rownames(db), held = held, gone = gone, hat = num(hatvalues(res)))
}
kon <- dat.konstantopoulos2011
kon <- data.frame(yi = rounded(kon$yi), vi = rounded(kon$vi), district = kon$district, school = kon$school, year = kon$year - 1990,
                  group = as.character(kon$district))
multilevel <- list(mv("konstantopoulos2011", "metadat dat.konstantopoulos2011; Konstantopoulos (2011)", kon, "~ 1", "~ 1 | district/school"),
                   mv("konstantopoulos2011", "the same", kon, "~ year", "~ 1 | district/school"))
full <- rma.mv(yi, vi, random = ~ 1 | district/school, data = kon, control = list(optimizer = "nlminb", rel.tol = 1e-10))
at <- c(0, .02, .05, .1, .2)
profiles <- list(at = at,
  district = sapply(at, function(s) num(logLik(rma.mv(yi, vi, random = ~ 1 | district/school, data = kon, sigma2 = c(s, NA), control = list(optimizer = "nlminb", rel.tol = 1e-10))))),
  school = sapply(at, function(s) num(logLik(rma.mv(yi, vi, random = ~ 1 | district/school, data = kon, sigma2 = c(NA, s), control = list(optimizer = "nlminb", rel.tol = 1e-10))))))

save_json(list(versions = versions, multilevel = multilevel, profiles = profiles), "diagnostics_multilevel.json")

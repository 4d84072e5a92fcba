# Reference profile-likelihood intervals of unstructured covariances with three levels and more, from metafor with tightened searches.
# Run from this folder: Rscript make_unstructured.R (many minutes; with a number, one of the fits by itself)
# confint() holds one variance or correlation, and metafor then searches for the others as they are, refusing what is no covariance
# matrix. Each end is polished (three levels; four would take hours) by a root search with several optimisers at each value, of
# which the best counts; what metafor's own confint() says is kept beside it.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
searches <- list(list(optimizer = "nlminb", rel.tol = 1e-12, eval.max = 100000, iter.max = 100000),
                 list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 100000),
                 list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-14, maxit = 100000))
fits <- function(how, call) Filter(function(x) !inherits(x, "try-error"), lapply(how, function(h) try(suppressWarnings(call(h)), silent = TRUE)))
best <- function(found) found[[which.max(sapply(found, function(x) num(logLik(x))))]]
one <- function(name, d, V, factor, method, polish = TRUE) {
  d$level <- as.character(d[[factor]])
  call <- function(h, ...) rma.mv(yi, V, mods = ~ level - 1, random = ~ level | study, struct = "UN", method = method, data = d, control = h, ...)
  res <- best(fits(searches, call)); top <- num(logLik(res)); levels <- sort(unique(d$level))
  R <- cov2cor(res$G); pairs <- t(combn(length(levels), 2))
  rows <- list()
  part <- function(component, which, i, estimate) {
    fixed <- rep(NA, length(res[[which]]))
    fall <- function(x) { fixed[i] <- x; 2 * (top - num(logLik(best(fits(searches, function(h) do.call(call, c(list(h), setNames(list(fixed), which)))))))) - qchisq(.95, 1) }
    ci <- try(suppressWarnings(do.call(confint, c(list(res), setNames(list(i), which), list(control = list(tol = 1e-8, maxiter = 10000)))))$random[1, ], silent = TRUE)
    own <- if (inherits(ci, "try-error")) c(NA, NA) else num(ci[2:3])
    ends <- sapply(own, function(x) {
      if (!polish || is.na(x) || (which == "rho" && abs(x) > .9999) || x < 1e-9) return(x)
      w <- 2e-3 * abs(x); a <- fall(x - w); b <- fall(x + w)
      if (a * b > 0) return(NA)
      uniroot(fall, c(x - w, x + w), f.lower = a, f.upper = b, tol = 1e-10 * abs(x))$root })
    list(component = component, estimate = estimate, ci_low = ends[1], ci_high = ends[2], confint_low = own[1], confint_high = own[2])
  }
  for (i in seq_along(levels)) rows[[i]] <- part(sprintf("tau2[%s]", levels[i]), "tau2", i, num(res$tau2[i]))
  for (j in seq_len(nrow(pairs))) {
    if (abs(num(res$rho[j]) - R[pairs[j, 1], pairs[j, 2]]) > 1e-9) stop("rho is ordered otherwise")
    rows[[length(rows) + 1]] <- part(sprintf("rho[%s,%s]", levels[pairs[j, 1]], levels[pairs[j, 2]]), "rho", j, num(res$rho[j]))
  }
  cat(name, "done", format(Sys.time()), "\n")
  list(name = name, method = method, factor = factor, loglik = top, data = d[, c("study", factor, "yi")], V = unname(as.matrix(V)), rows = rows)
}
wide <- as.data.frame(dat.ishak2007)
long <- reshape(wide, direction = "long", idvar = "study", v.names = c("yi", "vi"), varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
long <- long[order(long$study, long$time), ]; long <- long[!is.na(long$yi) & long$time < 4, ]; rownames(long) <- NULL
sd <- sqrt(long$vi); VI <- outer(sd, sd) * outer(long$study, long$study, "==") * .97^abs(outer(long$time, long$time, "-"))
tmp <- rcalc(ri ~ var1 + var2 | study, ni = ni, data = dat.craft2003); VC <- as.matrix(tmp$V); known <- !apply(is.na(VC), 1, any) & !is.na(tmp$dat$yi)
craft <- data.frame(study = as.character(tmp$dat$study), pair = as.character(tmp$dat$var1.var2), yi = num(tmp$dat$yi))
pick <- function(pairs) known & craft$pair %in% pairs
three <- pick(c("acog.conf", "acog.perf", "asom.conf")); four <- pick(c("acog.conf", "acog.perf", "asom.conf", "conf.perf"))
args <- commandArgs(TRUE)
jobs <- list(
  function() one("ishak_reml", long, VI, "time", "REML"),
  function() one("craft_three_ml", craft[three, ], VC[three, three], "pair", "ML"),
  function() one("craft_four_reml", craft[four, ], VC[four, four], "pair", "REML", polish = FALSE))
if (length(args)) jobs <- jobs[as.integer(args)]
out <- list(versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor")), metadat = as.character(packageVersion("metadat"))),
  sources = list(ishak = "metadat dat.ishak2007; Ishak et al. (2007), Clinical Trials 4, 525-539", craft = "metadat dat.craft2003; Craft et al. (2003), Journal of Sport & Exercise Psychology 25, 44-65"),
  fits = lapply(jobs, function(j) j()))
write_json(out, if (length(args)) sprintf("unstructured_%s.json", args[1]) else "unstructured.json", digits = I(17), auto_unbox = TRUE, na = "null", null = "null")

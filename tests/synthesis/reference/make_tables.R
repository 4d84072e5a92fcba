# Reference values for 2x2 tables and counts, from metafor with tightened convergence: rma.mh and the fixed part of rma.glmm.
# Run from this folder: Rscript make_tables.R
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})
num <- function(x) if (is.null(x) || length(x) == 0) NA else unname(as.numeric(x))

sets <- list(
  bcg = with(dat.bcg, data.frame(ai = tpos, n1i = tpos + tneg, ci = cpos, n2i = cpos + cneg)),
  yusuf6 = na.omit(with(subset(dat.yusuf1985, table == "6"), data.frame(ai, n1i, ci, n2i))),
  nielweise2007 = with(dat.nielweise2007, data.frame(ai, n1i, ci, n2i)),
  collins1985b = with(dat.collins1985b, data.frame(ai = pre.xti, n1i = pre.nti, ci = pre.xci, n2i = pre.nci)),
  two = data.frame(ai = c(3, 9), n1i = c(20, 40), ci = c(8, 12), n2i = c(22, 38)),
  one = data.frame(ai = 3, n1i = 20, ci = 8, n2i = 22),
  zeros = data.frame(ai = c(0, 5, 0, 2, 10), n1i = c(10, 50, 30, 2, 10), ci = c(3, 0, 0, 1, 12), n2i = c(12, 48, 31, 6, 12)))

mh <- function(d, measure, correct = TRUE) {
  r <- rma.mh(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, measure = measure, correct = correct, level = 95)
  list(measure = measure, correct = correct, estimate = num(r$beta), se = num(r$se), ci_low = num(r$ci.lb), ci_high = num(r$ci.ub),
       p = num(r$pval), Q = num(r$QE), Q_p = num(r$QEp), I2 = num(r$I2), H2 = num(r$H2), cmh = num(r$MH), cmh_p = num(r$MHp),
       tarone = num(r$TA), tarone_p = num(r$TAp))
}
tight <- list(glmCtrl = list(epsilon = 1e-15, maxit = 200))
glmm <- function(r) list(estimate = num(r$beta), se = num(r$se), p = num(r$pval), LR = num(r$QE.LRT), LR_p = num(r$QEp.LRT), k = num(r$k))
odds <- function(d) glmm(suppressWarnings(rma.glmm(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, measure = "OR", model = "UM.FS",
                                                   method = "EE", control = tight)))
rates <- with(dat.nielweise2008, data.frame(x1i, t1i, x2i, t2i))

out <- list(
  source = sprintf("metafor %s rma.mh and rma.glmm(model='UM.FS', method='EE'), R %s", packageVersion("metafor"), getRversion()),
  mh = lapply(sets, function(d) list(data = as.list(d),
    results = c(lapply(c("OR", "RR", "RD"), function(m) mh(d, m)), list(mh(d, "OR", FALSE))))),
  odds = lapply(sets[c("bcg", "yusuf6", "nielweise2007", "collins1985b", "two", "zeros")], function(d) list(data = as.list(d), result = odds(d))),
  rates = list(data = as.list(rates), result = glmm(suppressWarnings(rma.glmm(x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = rates,
    measure = "IRR", model = "UM.FS", method = "EE", control = tight)))))
write(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null", null = "null"), "tables.json")

# Makes the reference cases of the conversions. Where it can, both sides come from the same raw data by R's own functions
# (t.test, aov, cor, chisq.test, glm), so that nothing of the conversion's formula is repeated here; variances by the delta
# method with numerical derivatives.
# Run in this folder:  Rscript make_conversions.R   (needs metafor, numDeriv and jsonlite)
suppressMessages({library(metafor); library(numDeriv); library(jsonlite)})
r_version <- R.version.string
metafor_version <- paste("metafor", packageVersion("metafor"))

save <- function(name, source, version, cases) {
  block <- list(conversion = name, source = source, version = version, cases = cases)
  write_json(block, paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
}
delta <- function(fun, at, v) v * grad(fun, at)^2

# two groups of unequal size, outcomes up and down
set.seed(20261124)
groups <- list(list(y = rnorm(12, 5, 2), x = rnorm(20, 4, 2)), list(y = rnorm(40, 1, 1), x = rnorm(15, 2, 1)),
               list(y = rnorm(8, 0, 3), x = rnorm(9, 3, 3)), list(y = rnorm(150, 10, 4), x = rnorm(90, 9.5, 4)))
rows <- do.call(rbind, lapply(groups, function(g) {
  n1 <- length(g$y); n2 <- length(g$x); outcome <- c(g$y, g$x); arm <- rep(c(1, 0), c(n1, n2))
  test <- t.test(g$y, g$x, var.equal = TRUE)
  sp <- sqrt(((n1 - 1) * var(g$y) + (n2 - 1) * var(g$x)) / (n1 + n2 - 2))
  table <- summary(aov(outcome ~ factor(arm)))[[1]]
  data.frame(n1 = n1, n2 = n2, n = n1 + n2, d = (mean(g$y) - mean(g$x)) / sp, r = cor(outcome, arm), t = unname(test$statistic),
             df = unname(test$parameter), p = test$p.value, f = table[["F value"]][1])
}))
rows$vd <- with(rows, 1 / n1 + 1 / n2 + d^2 / (2 * (n1 + n2)))
rows$vr <- with(rows, escalc("COR", ri = r, ni = n)$vi)
rows$direction <- ifelse(rows$d < 0, "negative", "positive")
raw <- "both from the same raw data by t.test, aov and cor"

through <- function(h) function(d) d / sqrt(d^2 + h)
back <- function(h) function(r) r * sqrt(h) / sqrt(1 - r^2)
h <- with(rows, (n1 + n2 - 2) * (1 / n1 + 1 / n2))
v_r <- mapply(function(d, v, h) delta(through(h), d, v), rows$d, rows$vd, h)
v_d <- mapply(function(r, v, h) delta(back(h), r, v), rows$r, rows$vr, h)
alone <- data.frame(d = c(-0.5, 1.2), vd = c(0.04, 0.1), n1 = NA, n2 = NA)
alone$r <- alone$d / sqrt(alone$d^2 + 4); alone$variance <- mapply(function(d, v) delta(through(4), d, v), alone$d, alone$vd)
save("d_to_r", paste0(raw, "; variance by numDeriv"), r_version,
     rbind(data.frame(rows[, c("d", "vd", "n1", "n2", "r")], variance = v_r), alone[, c("d", "vd", "n1", "n2", "r", "variance")]))
single <- data.frame(r = c(-0.3, 0.6), vr = c(0.01, 0.02), n1 = NA, n2 = NA)
single$d <- 2 * single$r / sqrt(1 - single$r^2); single$variance <- mapply(function(r, v) delta(back(4), r, v), single$r, single$vr)
save("r_to_d", paste0(raw, "; variance by numDeriv"), r_version,
     rbind(data.frame(rows[, c("r", "vr", "n1", "n2", "d")], variance = v_d), single))

both <- function(...) cbind(rows[, c(...)])
with_v <- function(frame, v) { frame$variance <- v; frame }
save("t_to_r", paste0(raw, "; variance by escalc(\"COR\")"), metafor_version, with_v(both("t", "df", "r"), rows$vr))
save("f_to_r", paste0(raw, "; variance by escalc(\"COR\")"), metafor_version, with_v(both("f", "df", "direction", "r"), rows$vr))
save("p_to_r", paste0(raw, "; variance by escalc(\"COR\")"), metafor_version, with_v(both("p", "n", "direction", "r"), rows$vr))
save("t_to_d", raw, r_version, with_v(both("t", "n1", "n2", "d"), rows$vd))
save("f_to_d", raw, r_version, with_v(both("f", "n1", "n2", "direction", "d"), rows$vd))
save("p_to_d", raw, r_version, with_v(both("p", "n1", "n2", "direction", "d"), rows$vd))

z <- data.frame(r = c(-0.9, -0.2, 0, 0.35, 0.99), n = c(10, 50, 4, 400, 30))
e <- escalc("ZCOR", ri = r, ni = n, data = z, append = FALSE)
save("r_to_fisher_z", "escalc(\"ZCOR\")", metafor_version, cbind(z, fisher_z = as.numeric(e$yi), variance = as.numeric(e$vi)))
f <- data.frame(fisher_z = c(-1.2, 0, 0.3, 2.5), v_fisher_z = c(0.02, 0.1, 0.005, 0.04))
save("fisher_z_to_r", "transf.ztor; variance by numDeriv", metafor_version,
     cbind(f, r = transf.ztor(f$fisher_z), variance = mapply(function(a, v) delta(transf.ztor, a, v), f$fisher_z, f$v_fisher_z)))
s <- data.frame(z = c(-2.5, 0, 1.96, 4), n = c(40, 30, 100, 900)); s$r <- s$z / sqrt(s$n)
save("z_to_r", "Rosenthal (1991); variance by escalc(\"COR\")", metafor_version, cbind(s, variance = as.numeric(escalc("COR", ri = s$r, ni = s$n)$vi)))

# two-by-two tables: chi-squared by chisq.test, the odds ratio and phi by escalc
tab <- data.frame(ai = c(19, 16, 4, 30, 12), bi = c(27, 78, 119, 10, 18), ci = c(4, 8, 11, 20, 11), di = c(31, 59, 128, 22, 25))
chi <- function(correct) suppressWarnings(apply(tab, 1, function(x) chisq.test(matrix(x, 2), correct = correct)$statistic))
or <- escalc("OR", ai = ai, bi = bi, ci = ci, di = di, data = tab, append = FALSE)
phi <- as.numeric(escalc("PHI", ai = ai, bi = bi, ci = ci, di = di, data = tab, append = FALSE)$yi)
solved <- function(correct) with(tab, data.frame(
  n1 = ai + bi, n2 = ci + di, events = ai + ci, chi2 = chi(correct), yates = 1 * correct, direction = ifelse(or$yi < 0, "negative", "positive"),
  ai = ai, ci = ci, log_odds_ratio = as.numeric(or$yi), variance = as.numeric(or$vi)))
save("chi2_to_log_odds_ratio", "chisq.test and escalc(\"OR\") of the same tables", metafor_version, rbind(solved(FALSE), solved(TRUE)))
n <- rowSums(tab)
save("chi2_to_phi", "chisq.test and escalc(\"PHI\") of the same tables; variance by escalc(\"COR\")", metafor_version, data.frame(
  chi2 = chi(FALSE), n = n, direction = ifelse(phi < 0, "negative", "positive"), phi = phi, variance = as.numeric(escalc("COR", ri = phi, ni = n)$vi)))

# odds to risk ratios: the same tables, the control's risk as the baseline
rr <- as.numeric(escalc("RR", ai = ai, bi = bi, ci = ci, di = di, data = tab, append = FALSE)$yi)
risk <- with(tab, ci / (ci + di)); lor <- as.numeric(or$yi); v <- as.numeric(or$vi)
to_risk <- function(p) function(l) { odds <- p / (1 - p) * exp(l); log(odds / (1 + odds) / p) }
to_odds <- function(p) function(l) qlogis(p * exp(l)) - qlogis(p)
save("odds_ratio_to_risk_ratio", "escalc(\"OR\") and escalc(\"RR\") of the same tables; variance by numDeriv", metafor_version, data.frame(
  log_odds_ratio = lor, v_log_odds_ratio = v, baseline_risk = risk, log_risk_ratio = rr,
  variance = mapply(function(l, v, p) delta(to_risk(p), l, v), lor, v, risk)))
save("risk_ratio_to_odds_ratio", "escalc(\"RR\") and escalc(\"OR\") of the same tables; variance by numDeriv", metafor_version, data.frame(
  log_risk_ratio = rr, v_log_risk_ratio = v, baseline_risk = risk, log_odds_ratio = lor,
  variance = mapply(function(l, v, p) delta(to_odds(p), l, v), rr, v, risk)))
save("odds_ratio_to_risk_ratio_sqrt", "VanderWeele (2017): an odds ratio of 2 becomes 1.41, of 4 becomes 2", r_version, data.frame(
  log_odds_ratio = log(c(2, 4, 0.25, 1)), v_log_odds_ratio = c(0.04, 0.1, 0.2, 0.01), log_risk_ratio = c(log(2) / 2, log(2), -log(2), 0),
  variance = c(0.01, 0.025, 0.05, 0.0025)))

# d and log odds ratios: escalc turns two-by-two tables into d by both factors
for (m in list(c("OR2DL", ""), c("OR2DN", "_cox"))) {
  e <- escalc(m[1], ai = ai, bi = bi, ci = ci, di = di, data = tab, append = FALSE)
  there <- data.frame(log_odds_ratio = lor, v_log_odds_ratio = v, d = as.numeric(e$yi), variance = as.numeric(e$vi))
  again <- data.frame(d = there$d, vd = there$variance, log_odds_ratio = lor, variance = v)
  source <- paste0("escalc(\"OR\") and escalc(\"", m[1], "\") of the same tables")
  save(paste0("log_odds_ratio_to_d", m[2]), source, metafor_version, there)
  save(paste0("d_to_log_odds_ratio", m[2]), source, metafor_version, again)
}

# logarithms and percentages
b <- data.frame(value = c(-0.3, 0.2, 1, 0.5), v_value = c(0.01, 0.04, 0.09, 0.02), base = c(10, 2, 3, exp(1)))
save("log_base", "base^value by R; variance by numDeriv", r_version, cbind(b, log_ratio = log(b$base^b$value),
     variance = mapply(function(x, v, base) delta(function(y) log(base^y), x, v), b$value, b$v_value, b$base)))
half <- function(level) qnorm(0.5 + level / 200)
p <- data.frame(percent = c(-20, 35, -60, 5), se = c(NA, NA, 8, 2), ci_low = c(-35, 10, NA, NA), ci_high = c(-2, 65, NA, NA), ci_level = c(95, 90, NA, 95))
save("percent_change_to_log_ratio", "logs of the printed ratios; variance by numDeriv where an SE is given", r_version, cbind(p,
     log_ratio = log((100 + p$percent) / 100), variance = c((log(98 / 65) / (2 * half(95)))^2, (log(165 / 110) / (2 * half(90)))^2,
     delta(function(x) log(1 + x / 100), -60, 64), delta(function(x) log(1 + x / 100), 5, 4))))
l <- data.frame(log_ratio = c(-0.5, 0.3, 0, 1.1), v_log_ratio = c(0.04, 0.01, 0.09, 0.25), ci_level = c(95, 90, 99, 95))
change <- function(x) 100 * (exp(x) - 1)
save("log_ratio_to_percent_change", "exp of the estimate and the ends; SE by numDeriv", r_version, with(l, data.frame(l, percent_change = change(log_ratio),
     se = sqrt(mapply(function(x, v) delta(change, x, v), log_ratio, v_log_ratio)), ci_low = change(log_ratio - half(ci_level) * sqrt(v_log_ratio)),
     ci_high = change(log_ratio + half(ci_level) * sqrt(v_log_ratio)))))

# coefficients: the same regression with the predictor in another unit, or standardised
set.seed(7)
x <- rnorm(60, 10, 3); y <- 2 + 0.4 * x + rnorm(60); count <- rpois(60, exp(0.05 * x)); event <- rbinom(60, 1, plogis(x / 5 - 2))
of <- function(fit) unname(summary(fit)$coefficients[2, 1:2])
tight <- glm.control(epsilon = 1e-14, maxit = 100)
fits <- function(x) list(logit = of(glm(event ~ x, binomial, control = tight)), log = of(glm(count ~ x, poisson, control = tight)), identity = of(lm(y ~ x)))
one <- fits(x); ten <- fits(x / 10)
rows <- lapply(names(one), function(k) data.frame(coefficient = one[[k]][1], se = one[[k]][2], link = k, unit = 10,
                                                  effect = ten[[k]][1], variance = ten[[k]][2]^2))
rows <- c(rows, list(data.frame(coefficient = -0.2, se = 0.1, link = "log", unit = NA, effect = -0.2, variance = 0.01)))
save("coefficient_to_effect", "glm and lm with the predictor in another unit", r_version, do.call(rbind, rows))
standard <- of(lm(scale(y) ~ scale(x))); plain <- of(lm(y ~ x)); turned <- of(lm(-3 * y ~ x))
save("beta_to_coefficient", "lm of standardised and of raw variables", r_version, data.frame(
  beta = c(standard[1], -standard[1], 0.2, 0), se = c(standard[2], standard[2], 0.1, 0.05), sd_y = c(sd(y), 3 * sd(y), 4, 1),
  sd_x = c(sd(x), sd(x), 0.5, 2), coefficient = c(plain[1], turned[1], 1.6, 0), variance = c(plain[2]^2, turned[2]^2, 0.64, 0.000625)))
q <- data.frame(beta = c(-0.4, -0.1, 0, 0.3, 0.5), n = c(50, 100, 30, 200, 80), r = c(-0.392, -0.098, 0.05, 0.344, 0.54))
save("beta_to_r", "Peterson & Brown (2005), by hand; variance by escalc(\"COR\")", metafor_version, cbind(q, variance = as.numeric(escalc("COR", ri = q$r, ni = q$n)$vi)))

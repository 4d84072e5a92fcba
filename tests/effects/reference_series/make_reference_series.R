# Makes the reference cases of the models of a series or panel with implementations that are not ours.
# Run in this folder:  Rscript make_reference_series.R   (needs sandwich, nlme, MASS, quadprog, jsonlite)
suppressMessages({library(sandwich); library(nlme); library(MASS); library(quadprog); library(jsonlite)})
versions <- paste0(R.version.string, "; sandwich ", packageVersion("sandwich"), "; nlme ", packageVersion("nlme"),
                   "; MASS ", packageVersion("MASS"), "; quadprog ", packageVersion("quadprog"))
tight <- glm.control(epsilon = 1e-14, maxit = 200)
save <- function(name, x) write_json(x, paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null")

# --- interrupted time series: 48 months, started in month 31, two harmonics, exposure, overdispersed and autocorrelated
set.seed(20181105)
n <- 48; t <- 1:n; start <- 31; h <- 6
e <- as.numeric(arima.sim(list(ar = 0.5), n, sd = 0.2))
days <- rep(c(31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 4)
shape <- 0.004 * t + 0.2 * sin(2 * pi * t / 12)
y <- rpois(n, days * exp(shape - 0.3 * (t >= start) + e))
ctl <- rpois(n, days * exp(0.3 + shape + 0.6 * e + rnorm(n, 0, 0.1)))
after <- as.numeric(t >= start); since <- t - start
d <- data.frame(t, y, ctl, days, after, since, s1 = sin(2 * pi * t / 12), c1 = cos(2 * pi * t / 12),
                s2 = sin(4 * pi * t / 12), c2 = cos(4 * pi * t / 12))
f <- ~ since + after + I(after * since) + s1 + c1 + s2 + c2 + offset(log(days))
pick <- c("after", "I(after * since)"); w <- c(1, h)
effect <- function(fit, V) list(level = coef(fit)[[pick[1]]], slope = coef(fit)[[pick[2]]],
                                estimate = sum(w * coef(fit)[pick]), se = sqrt(drop(w %*% V[pick, pick] %*% w)))
gq <- glm(update(f, y ~ .), quasipoisson, d, control = tight)
gc <- glm(update(f, ctl ~ .), quasipoisson, d, control = tight)
hac <- function(fit, L) NeweyWest(fit, lag = L, prewhite = FALSE, adjust = TRUE)
# AR(1): the working linear model of the quasi-Poisson fit, its weights taken as known, by REML
ar_of <- function(fit) {
  mu <- fitted(fit); z <- (log(mu) - log(days)) + residuals(fit, "working")
  dd <- data.frame(d, z = z, v = 1 / mu)
  g <- gls(z ~ since + after + I(after * since) + s1 + c1 + s2 + c2, dd, correlation = corAR1(form = ~ t),
           weights = varFixed(~ v), method = "REML", control = glsControl(tolerance = 1e-12, msTol = 1e-14))
  rho <- coef(g$modelStruct$corStruct, unconstrained = FALSE)[[1]]
  X <- model.matrix(fit) * sqrt(mu); B <- solve(crossprod(X)); R <- rho^abs(outer(1:n, 1:n, "-"))
  # sigma^2 of the standardised errors: gls scales each by sqrt(v), so sigma is that of Pearson residuals
  V <- g$sigma^2 * B %*% t(X) %*% R %*% X %*% B; dimnames(V) <- dimnames(vcov(fit))
  list(rho = rho, scale = g$sigma^2, V = V)
}
ar <- ar_of(gq)
nb <- glm.nb(update(f, y ~ .), d, control = glm.control(epsilon = 1e-14, maxit = 500))
its <- list(versions = versions, data = d[c("t", "y", "ctl", "days")], start = start, horizon = h,
  model = c(effect(gq, vcov(gq)), phi = summary(gq)$dispersion),
  newey_west_3 = effect(gq, hac(gq, 3)), newey_west_0 = effect(gq, hac(gq, 0)),
  ar = c(effect(gq, ar$V), rho = ar$rho, scale = ar$scale),
  negative_binomial = c(effect(nb, vcov(nb)), alpha = 1 / nb$theta, pearson = sum(residuals(nb, "pearson")^2) / nb$df.residual),
  negative_binomial_3 = effect(nb, hac(nb, 3)),
  control = list(estimate = sum(w * (coef(gq) - coef(gc))[pick]), level = (coef(gq) - coef(gc))[[pick[1]]]),
  ljung_box = unname(Box.test(residuals(gq, "pearson"), 9, "Ljung-Box")$statistic),
  autocorrelation = acf(residuals(gq, "pearson"), plot = FALSE)$acf[2:4])
save("its", its)

# --- panel: 14 areas, 8 periods, 6 treated from period 5; exposures; one row missing
G <- 14; T <- 8
p <- expand.grid(period = 1:T, area = sprintf("a%02d", 1:G), stringsAsFactors = FALSE)
i <- as.integer(substr(p$area, 2, 3))
p$treated <- as.numeric(i <= 6); p$after <- as.numeric(p$period >= 5); p$homes <- round(200 + 300 * runif(G))[i]
level <- rgamma(G, 4, 200)
change <- rnorm(G, 0, 0.25)
p$count <- rpois(nrow(p), p$homes * level[i] * exp(0.05 * p$period - 0.3 * p$treated * p$after + change[i] * p$after))
p$region <- ceiling(i / 2)
p <- p[!(p$area == "a09" & p$period == 2), ]
p$d <- p$treated * p$after
gp <- glm(count ~ d + area + factor(period) + offset(log(homes)), poisson, p, control = tight)
cr0 <- function(fit, by, name) sqrt(vcovCL(fit, by, type = "HC0", cadjust = FALSE)[name, name])
rel <- ifelse(p$treated == 1, p$period - 5, -1)
for (r in c(-4:-2, 0:3)) p[[paste0("r", if (r < 0) "m" else "p", abs(r))]] <- as.numeric(rel == r)
names_r <- c("rm4", "rm3", "rm2", "rp0", "rp1", "rp2", "rp3")
ge <- glm(reformulate(c(names_r, "area", "factor(period)", "offset(log(homes))"), "count"), poisson, p, control = tight)
Ve <- vcovCL(ge, p$area, type = "HC0", cadjust = FALSE)
leads <- names_r[1:3]
gu <- glm(count ~ area + factor(period) + offset(log(homes)), poisson, p[p$d == 0, ], control = tight)
expected <- predict(gu, p[p$d == 1, ], type = "response")
panel <- list(versions = versions, data = p[c("area", "period", "count", "treated", "after", "homes", "region")],
  estimate = coef(gp)[["d"]], se_cr0 = cr0(gp, p$area, "d"), se_cr0_region = cr0(gp, p$region, "d"),
  phi = sum(residuals(gp, "pearson")^2) / gp$df.residual,
  relative = c(-4:-2, 0:3), event = unname(coef(ge)[names_r]), event_se_cr0 = unname(sqrt(diag(Ve)[names_r])),
  wald_cr0 = drop(coef(ge)[leads] %*% solve(Ve[leads, leads]) %*% coef(ge)[leads]),
  observed_expected = log(sum(p$count[p$d == 1]) / sum(expected)))
save("panel", panel)

# --- synthetic control: 9 areas, 14 periods, the treated within the donors; weights by quadratic programming
J <- 8; T <- 14; before <- 1:10
walk <- apply(matrix(rnorm(2 * T, 0, 0.1), T), 2, cumsum); load <- matrix(runif(2 * (J + 1)), J + 1)
size <- runif(J + 1, 30, 70); load[1, ] <- colMeans(load[2:4, ]); size[1] <- mean(size[2:4])
Y <- matrix(rpois(T * (J + 1), t(size * exp(load %*% t(walk)))), T)
Y[11:14, 1] <- round(Y[11:14, 1] * 0.7)
weights <- function(target, donors) {
  A <- Y[before, donors]; b <- Y[before, target]; m <- length(donors)
  q <- solve.QP(crossprod(A), drop(crossprod(A, b)), cbind(1, diag(m)), c(1, rep(0, m)), meq = 1)$solution
  q * (q > 1e-10)
}
of <- function(target) {
  donors <- setdiff(2:(J + 1), target); w <- weights(target, donors); s <- drop(Y[, donors] %*% w)
  list(weights = w, gap = mean(log(Y[-before, target] / s[-before])), total = log(sum(Y[-before, target]) / sum(s[-before])),
       pre = sqrt(mean((Y[before, target] - s[before])^2)), post = sqrt(mean((Y[-before, target] - s[-before])^2)))
}
fits <- lapply(1:(J + 1), of)
ratio <- sapply(fits, function(x) x$post / x$pre)
save("synthetic", list(versions = versions, Y = Y, start = 11, weights = fits[[1]]$weights, gap = fits[[1]]$gap,
  total = fits[[1]]$total, gaps = sapply(fits[-1], `[[`, "gap"), pre = fits[[1]]$pre, ratio = ratio[1],
  p = mean(ratio >= ratio[1]), se = sd(sapply(fits[-1], `[[`, "gap"))))

# Makes the reference cases of the effects as reported (GEN, GENDIFF), case by case with R's own quantiles.
# Run in this folder:  Rscript make_generic.R   (needs jsonlite)
suppressMessages(library(jsonlite))
r_version <- R.version.string

write_cases <- function(measure, source, version, frame, result, options = list()) {
  frame$yi <- as.numeric(result$yi); frame$vi <- as.numeric(result$vi)
  list(measure = measure, source = source, version = version, options = options, cases = frame)
}
save_blocks <- function(name, ...) {
  write_json(list(...), paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
}

# effects as reported: written out here from Cochrane Handbook 6.3.1 and 6.3.2 with R's own quantiles
g <- data.frame(
  estimate = c(0.33, 1.42, -39, -20.1, -0.151, 0.2433, -37, 0.75, -2.5842, 0.8, 1.54, 5.89, 1.27, NA, -6, -0.4),
  scale_reported = c("ratio", "ratio", "percent_change", "percent_change", "log_ratio", "log_ratio", "percent_change",
                     "ratio", "percent_change", "ratio", "difference", "difference", "ratio", "ratio", "difference", "log_ratio"),
  se = NA, ci_low = NA, ci_high = NA, ci_level = NA, t = NA, p = NA, df = NA, standardiser = NA, inverted = NA)
g[1, c("ci_low", "ci_high")] <- c(0.18, 0.61)
g[2, c("ci_low", "ci_high", "ci_level")] <- c(1.26, 1.61, 90)
g[3, c("ci_low", "ci_high")] <- c(-50, -28)
g[4, c("ci_low", "ci_high", "ci_level")] <- c(-35.6, -0.9, 90)
g$se[5] <- 0.033
g[6, c("ci_low", "ci_high")] <- c(0.06, 0.42)
g$p[7] <- 0.07; g$p[8] <- 0.022; g$se[9] <- 0.4158; g$se[10] <- 0.09
g[11, c("ci_low", "ci_high", "standardiser")] <- c(0.50, 2.59, 21.5)
g[12, c("se", "standardiser")] <- c(2.6, 10)
g$t[13] <- 2.4
g[14, c("ci_low", "ci_high", "inverted")] <- c(0.99, 1.34, 1)
g[15, c("p", "df")] <- c(0.03, 12)
g[16, c("ci_low", "ci_high", "df", "inverted")] <- c(-0.7, -0.1, 20, 1)
z <- qnorm(0.975); z90 <- qnorm(0.95)
yi <- c(log(0.33), log(1.42), log(0.61), log(1 - 0.201), -0.151, 0.2433, log(0.63), log(0.75), log(1 - 0.025842), log(0.8),
        1.54 / 21.5, 0.589, log(1.27), -(log(0.99) + log(1.34)) / 2, -6, 0.4)
se <- c((log(0.61) - log(0.18)) / (2 * z), log(1.61 / 1.26) / (2 * z90), log(0.72 / 0.5) / (2 * z), log(0.991 / 0.644) / (2 * z90),
        0.033, 0.36 / (2 * z), -log(0.63) / qnorm(1 - 0.035), -log(0.75) / qnorm(1 - 0.011), 0.004158 / (1 - 0.025842), 0.09 / 0.8,
        (2.59 - 0.5) / (2 * z) / 21.5, 0.26, log(1.27) / 2.4, log(1.34 / 0.99) / (2 * z), 6 / qt(1 - 0.015, 12), 0.6 / (2 * qt(0.975, 20)))
printed <- write_cases("GEN", "Cochrane Handbook 6.3.1 and 6.3.2, case by case in R", r_version, g, list(yi = yi, vi = se^2))

# every other way to an SE, and every other scale; each line: inputs, then yi and SE
empty <- list(estimate = NA, scale_reported = NA, se = NA, variance = NA, ci_low = NA, ci_high = NA, ci_level = NA, z = NA, t = NA,
              chi2 = NA, f = NA, df1 = NA, p = NA, p_bound = NA, df = NA, standardiser = NA, inverted = NA, read_from = NA)
row <- function(.y, .s, ...) { v <- list(...); out <- empty; out[names(v)] <- v; as.data.frame(c(out, .yi = .y, .sei = .s)) }
ways <- rbind(
  row(log(0.8), sqrt(0.0064) / 0.8, estimate = 0.8, scale_reported = "ratio", variance = 0.0064),
  row(0.3, 0.2, estimate = 0.3, scale_reported = "logit", variance = 0.04),
  row(-0.5, 0.2, estimate = -0.5, scale_reported = "log_ratio", z = -2.5),
  row(log(1.3), log(1.3) / sqrt(6.25), estimate = 1.3, scale_reported = "ratio", chi2 = 6.25),
  row(-4, 4 / sqrt(7.84), estimate = -4, scale_reported = "difference", f = 7.84, df = 38),
  row(log(1.6), log(1.6) / qnorm(1e-9 / 2, lower.tail = FALSE), estimate = 1.6, scale_reported = "ratio", p = 1e-9),
  row(log(0.7), -log(0.7) / qnorm(0.975), estimate = 0.7, scale_reported = "ratio", p = 0.05, p_bound = "below"),
  row(2, 2 / qt(0.995, 14), estimate = 2, scale_reported = "difference", p = 0.01, p_bound = "below", df = 14),
  row(-0.1 * log(10), 0.05 * log(10), estimate = -0.1, scale_reported = "log10_ratio", se = 0.05),
  row(-0.4 * log(2), (0.5 * log(2)) / (2 * qnorm(0.975)), estimate = -0.4, scale_reported = "log2_ratio", ci_low = -0.65, ci_high = -0.15),
  row(-0.06, 0.02, estimate = -6, scale_reported = "percentage_points", se = 2),
  row(-0.06, 0.07 / (2 * qnorm(0.95)), estimate = -6, scale_reported = "percentage_points", ci_low = -9.5, ci_high = -2.5, ci_level = 90),
  row(0.25, 0.25 / 2, estimate = 2.5, scale_reported = "difference", t = 2, standardiser = 10, read_from = "digitised"),
  row(log(2), log(2) / qnorm(0.99), estimate = -50, scale_reported = "percent_change", p = 0.02, inverted = 1, read_from = "verbal"),
  row((log(0.6) + log(0.9)) / 2, log(0.9 / 0.6) / (2 * qt(0.975, 9)), scale_reported = "percent_change", ci_low = -40, ci_high = -10, df = 9),
  row(log(0.9), 0.12 / 0.9, estimate = 0.9, scale_reported = "ratio", se = 0.12, p = 0.05, p_bound = "above"),
  row(-0.3, 0.1, estimate = -0.3, scale_reported = "log_ratio", se = 0.1, f = 3, df1 = 2))
other <- list(yi = ways$.yi, vi = ways$.sei^2)
ways <- ways[, names(empty)]
save_blocks("GEN", printed, write_cases("GEN", "Cochrane Handbook 6.3.1, 6.3.2 and 6.5.2, case by case in R", r_version, ways, other))


h <- data.frame(estimate_t = c(0.72, -8.74, 3, 0.1), ci_low_t = c(0.58, -16.47, 1, 0), ci_high_t = c(0.89, -1.02, 5, 0.2),
                estimate_c = c(0.93, 0.31, 2, 0.3), ci_low_c = c(0.7, -3.64, 0, 0.1), ci_high_c = c(1.25, 4.27, 4, 0.5),
                scale_reported = c("ratio", "percent_change", "difference", "log_ratio"), ci_level = c(95, 95, 90, 99))
zz <- c(z, z, z90, qnorm(0.995))
f <- list(log, function(v) log(1 + v / 100), identity, identity)
on <- function(column) mapply(function(fun, v) fun(v), f, h[[column]])
half <- function(arm) (on(paste0("ci_high_", arm)) - on(paste0("ci_low_", arm))) / (2 * zz)
by_interval <- write_cases("GENDIFF", "Altman & Bland (2003), case by case in R", r_version, h,
  list(yi = on("estimate_t") - on("estimate_c"), vi = half("t")^2 + half("c")^2))
k <- data.frame(estimate_t = c(0.7, -20, -3, -6), se_t = c(0.07, 4, 1.5, 2), ci_low_t = NA, ci_high_t = NA,
                estimate_c = c(1.1, 5, 1, 1), se_c = c(NA, 3, NA, 1.5), ci_low_c = c(0.9, NA, -1, NA), ci_high_c = c(1.3, NA, 3, NA),
                scale_reported = c("ratio", "percent_change", "difference", "percentage_points"))
save_blocks("GENDIFF", by_interval, write_cases("GENDIFF", "Altman & Bland (2003), case by case in R", r_version, k, list(
  yi = c(log(0.7 / 1.1), log(0.8 / 1.05), -4, -0.07),
  vi = c(0.1^2 + (log(1.3 / 0.9) / (2 * z))^2, 0.05^2 + (3 / 105)^2, 1.5^2 + (4 / (2 * z))^2, 0.02^2 + 0.015^2))))

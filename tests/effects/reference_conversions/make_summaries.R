# Reference cases of means and SDs from standard errors, intervals and medians, case by case in R from the papers' formulas.
# Run in this folder: Rscript make_summaries.R   (quantile estimation comes from ../reference/make_means.R)
suppressMessages(library(jsonlite))
save_block <- function(name, source, cases) write_json(
  list(conversion = name, source = source, version = R.version.string, cases = cases), paste0(name, ".json"),
  digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)

a <- data.frame(se = c(0.5, 2, 12.25, 0.01), n = c(25, 4, 160, 2)); a$sd <- a$se * sqrt(a$n)
save_block("mean_se_to_sd", "Cochrane Handbook 6.5.2.2, case by case in R", a)

b <- data.frame(ci_low = c(4, -3, 101.5, 0.2), ci_high = c(9, 5, 103.5, 0.9), n = c(12, 40, 900, 3), ci_level = c(95, 90, 99, 95),
                ci_quantile = c("t", "normal", "t", "t"))
q <- ifelse(b$ci_quantile == "t", qt(0.5 + b$ci_level / 200, b$n - 1), qnorm(0.5 + b$ci_level / 200))
b$sd <- sqrt(b$n) * (b$ci_high - b$ci_low) / (2 * q); b$mean <- (b$ci_low + b$ci_high) / 2
save_block("mean_ci_to_sd", "Cochrane Handbook 6.5.2.2, case by case in R", b)

m <- data.frame(minimum = c(2, NA, 1, 10, NA, 0), q1 = c(NA, 6, 4, 22, -3, NA), median = c(4, 12, 9, 30, 0.5, 5), q3 = c(NA, 19, 16, 41, 4, NA),
                maximum = c(9, NA, 30, 55, NA, 11), n = c(100, 80, 120, 33, 40, 9))
for (i in seq_len(nrow(m))) with(m[i, ], {
  range <- !is.na(minimum); quart <- !is.na(q1)
  zr <- qnorm((n - 0.375) / (n + 0.25)); zq <- qnorm((0.75 * n - 0.125) / (n + 0.25))
  if (range && quart) {
    w1 <- 2.2 / (2.2 + n^0.75); w2 <- 0.7 - 0.72 / n^0.55
    mean <- w1 * (minimum + maximum) / 2 + w2 * (q1 + q3) / 2 + (1 - w1 - w2) * median
    sd <- (maximum - minimum) / ((2 + 0.14 * n^0.6) * zr) + (q3 - q1) / ((2 + 2 / (0.07 * n^0.6)) * zq)
  } else if (range) {
    w <- 4 / (4 + n^0.75); mean <- w * (minimum + maximum) / 2 + (1 - w) * median; sd <- (maximum - minimum) / (2 * zr)
  } else {
    w <- 0.7 + 0.39 / n; mean <- w * (q1 + q3) / 2 + (1 - w) * median; sd <- (q3 - q1) / (2 * zq)
  }
  m$mean[i] <<- mean; m$sd[i] <<- sd
})
save_block("median_to_mean_sd_luo_wan", "Luo 2018, Wan 2014 and Shi 2020, case by case in R", m)

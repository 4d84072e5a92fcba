# Makes SMDC.json by the moments of quadratic forms, cluster by cluster, and not by the formulas of the papers.
# Run in this folder:  Rscript make_cluster.R   (needs jsonlite)
suppressMessages(library(jsonlite))

# The squares of an arm about its mean are y'My; with y of covariance S (total variance 1), their mean is tr(MS) and
# their variance 2 tr(MSMS). Both arms add up, divided by N - 2 they are the pooled variance.
moments <- function(sizes, icc, clustered) {
  n <- sum(sizes); M <- diag(n) - 1 / n
  Z <- outer(rep(seq_along(sizes), sizes), rep(seq_along(sizes), sizes), "==") * icc
  S <- (1 - icc) * diag(n) + if (clustered) Z else 0
  MS <- M %*% S
  c(n = n, mean = sum(diag(MS)), square = sum(diag(MS %*% MS)), variance_of_mean = sum(S) / n^2)
}
J <- function(m) exp(lgamma(m / 2) - lgamma((m - 1) / 2)) / sqrt(m / 2)
one <- function(m1i, sd1i, sizes1, m2i, sd2i, sizes2, icc, source, on = c(1, 1), correction = "exact") {
  a <- moments(sizes1, icc, on[1] == 1); b <- moments(sizes2, icc, on[2] == 1)
  N <- a[["n"]] + b[["n"]]
  sp <- sqrt(((a[["n"]] - 1) * sd1i^2 + (b[["n"]] - 1) * sd2i^2) / (N - 2))
  total <- a[["mean"]] + b[["mean"]]
  h <- total^2 / (a[["square"]] + b[["square"]])
  yi <- (m1i - m2i) / (sp / sqrt(total / (N - 2))) * if (correction == "exact") J(h) else 1
  cv <- function(s) sqrt(mean((s - mean(s))^2)) / mean(s)
  data.frame(m1i, sd1i, n1i = a[["n"]], m2i, sd2i, n2i = b[["n"]], size1i = mean(sizes1), size2i = mean(sizes2), icc,
    icc_source = source, cv1i = cv(sizes1), cv2i = cv(sizes2), clustered1i = on[1], clustered2i = on[2], correction,
    yi = yi, vi = a[["variance_of_mean"]] + b[["variance_of_mean"]] + yi^2 / (2 * h))
}
cases <- rbind(
  one(0.3, 1, rep(50, 10), 0, 1, rep(50, 10), 0.03, "assumed", correction = "none"),
  one(103.4, 15.1, rep(20, 6), 101.2, 14.7, rep(20, 5), 0.15, "reported"),
  one(5, 2, rep(8, 4), 7, 2.5, rep(12, 3), 0.4, "computed"),
  one(5, 2, c(6, 10, 14, 10), 7, 2.5, c(5, 8, 11), 0.2, "external"),
  one(1, 1, c(6, 10, 14, 10), 0, 1.2, rep(1, 35), 0.1, "external", on = c(1, 0)),
  one(0.2, 1, rep(1, 22), 0, 1.2, rep(4, 6), 0.05, "assumed", on = c(0, 1), correction = "none"),
  one(0.9, 1, rep(10, 4), 0.9, 1, rep(10, 4), 0, "reported"),
  one(2, 1, 30, 0, 1, rep(15, 3), 0.02, "assumed"))
write_json(list(list(measure = "SMDC", source = "traces of quadratic forms, cluster by cluster in R", version = R.version.string,
  options = setNames(list(), character(0)), cases = cases)), "SMDC.json", digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)

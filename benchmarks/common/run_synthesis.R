# Fit the same models with metafor and clubSandwich: OUT, a folder of tables, then cases; each timed, data excluded.
# Resampling with metafor is done for a part of the fits and scaled up to all of them; `part` says how many were done.
suppressPackageStartupMessages({library(metafor); library(clubSandwich); library(jsonlite)})
given <- commandArgs(trailingOnly = TRUE)
middle <- function(n, f) { t <- numeric(n); for (i in seq_len(n)) { s <- proc.time()[["elapsed"]]; value <- f(); t[i] <- proc.time()[["elapsed"]] - s }
  list(seconds = median(t), value = as.numeric(value)) }
many <- function(n, f) { s <- proc.time()[["elapsed"]]; for (i in seq_len(n)) value <- f(); list(seconds = (proc.time()[["elapsed"]] - s) / n, value = as.numeric(value)) }
answer <- list()
for (case in given[-(1:2)]) {
  d <- read.csv(file.path(given[2], paste0(case, ".csv"))); parts <- strsplit(case, "_")[[1]]; size <- as.numeric(parts[2])
  answer[[case]] <- switch(parts[1],
    reml = { fit <- function() { r <- rma(yi, vi, data = d, test = "knha"); confint(r); r$beta }
             plain <- many(if (size > 1000) 2 else 20, function() rma(yi, vi, data = d, test = "knha")$beta)
             c(plain, list(with_interval = if (size > 1000) NULL else many(10, fit)$seconds)) },
    levels = middle(if (size > 1000) 1 else 3, function() rma.mv(yi, vi, random = ~ 1 | study/effect, data = d, sparse = size > 1000)$beta),
    che = middle(if (size > 1000) 1 else 3, function() { V <- impute_covariance_matrix(vi = d$vi, cluster = d$study, r = 0.6)
      r <- rma.mv(yi, V, random = ~ 1 | study/effect, data = d, sparse = size > 1000); coef_test(r, vcov = "CR2", cluster = d$study)$SE }),
    gosh = { r <- rma(yi, vi, data = d); n <- 500; set.seed(1); s <- proc.time()[["elapsed"]]; g <- gosh(r, subsets = n, progbar = FALSE)
      list(seconds = (proc.time()[["elapsed"]] - s) * (2^size - 1) / n, value = NA, part = n) },
    permutation = { r <- rma(yi, vi, data = d, test = "knha"); s <- proc.time()[["elapsed"]]; p <- permutest(r, exact = TRUE, progbar = FALSE)
      list(seconds = proc.time()[["elapsed"]] - s, value = as.numeric(p$pval[1])) },
    bootstrap = { r <- rma(yi, vi, data = d); n <- 500; set.seed(1); s <- proc.time()[["elapsed"]]
      t <- replicate(n, rma(as.numeric(r$beta) + rnorm(nrow(d), 0, sqrt(d$vi + r$tau2)), d$vi, control = list(stepadj = 0.5, maxiter = 1000))$tau2)
      list(seconds = (proc.time()[["elapsed"]] - s) * size / n, value = mean(t), part = n) })
}
answer$seconds <- sum(sapply(answer, function(a) a$seconds))
write(toJSON(answer, auto_unbox = TRUE, digits = 17, na = "null"), given[1])

# Compute effect sizes of the same rows with metafor's escalc: OUT, the table, then measures; each timed, data excluded.
suppressPackageStartupMessages({library(metafor); library(jsonlite)})
given <- commandArgs(trailingOnly = TRUE)
frame <- read.csv(given[2])
calls <- list(
  two = function(m, d) escalc(m, ai = ai, bi = bi, ci = ci, di = di, data = d, append = TRUE),
  means = function(m, d) escalc(m, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = d),
  time = function(m, d) escalc(m, x1i = x1, t1i = t1, x2i = x2, t2i = t2, data = d),
  share = function(m, d) escalc(m, xi = xi, ni = ni, data = d),
  r = function(m, d) escalc(m, ri = ri, ni = ni, data = d))
kind <- c(OR = "two", RR = "two", RD = "two", PETO = "two", AS = "two", PHI = "two", YUQ = "two", MD = "means", SMD = "means",
          SMDH = "means", ROM = "means", CVR = "means", IRR = "time", PLO = "share", PFT = "share", COR = "r", ZCOR = "r")
invisible(escalc("OR", ai = 1:5, bi = 2:6, ci = 3:7, di = 4:8))
answer <- list(); total <- 0
for (m in given[-(1:2)]) {
  start <- proc.time()[["elapsed"]]
  found <- calls[[kind[[m]]]](m, frame)
  spent <- proc.time()[["elapsed"]] - start
  total <- total + spent
  answer[[m]] <- list(seconds = spent, yi = sum(found$yi), vi = sum(found$vi))
}
answer$seconds <- total
write(toJSON(answer, auto_unbox = TRUE, digits = 17), given[1])

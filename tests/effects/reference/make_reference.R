# Makes the reference cases of the effect-size measures with an implementation that is not ours.
# Run in this folder:  Rscript make_reference.R   (needs metafor and jsonlite)
suppressMessages({library(metafor); library(jsonlite)})
metafor_version <- paste("metafor", packageVersion("metafor"))
r_version <- R.version.string

write_cases <- function(measure, source, version, frame, result, options = list()) {
  frame$yi <- as.numeric(result$yi); frame$vi <- as.numeric(result$vi)
  list(measure = measure, source = source, version = version, options = options, cases = frame)
}
save_blocks <- function(name, ...) {
  write_json(list(...), paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
}

# 2x2 tables: ordinary, extreme, one zero, all events in one arm, big
tab <- data.frame(ai = c(19, 16, 4, 0, 5, 12, 1, 11786), bi = c(27, 78, 119, 10, 40, 0, 999, 41000),
                  ci = c(4, 8, 11, 3, 0, 6, 3, 12001), di = c(31, 59, 128, 9, 35, 8, 997, 40321))
for (m in c("OR", "RR", "RD")) {
  run <- function(d, ...) escalc(m, ai = ai, bi = bi, ci = ci, di = di, data = d, append = FALSE, ...)
  clean <- tab[c(1, 2, 3, 7, 8), ]
  totals <- with(tab, data.frame(ai = ai, n1i = ai + bi, ci = ci, n2i = ci + di))
  src <- paste0("escalc(\"", m, "\")")
  blocks <- list(
    write_cases(m, src, metafor_version, tab, run(tab), list(add = 0.5, to = "only0")),
    write_cases(m, src, metafor_version, totals, run(tab), list(add = 0.5, to = "only0")),
    write_cases(m, src, metafor_version, tab, run(tab, add = 0.25, to = "all"), list(add = 0.25, to = "all")),
    write_cases(m, src, metafor_version, clean, run(clean, to = "none"), list(to = "none")))
  if (m == "RD") {
    blocks <- c(blocks, list(write_cases(m, src, metafor_version, tab, run(tab, to = "none"), list(to = "none"))))
  }
  do.call(save_blocks, c(list(m), blocks))
}

ev <- data.frame(x1 = c(1, 3, 2817, 174, 0, 12), t1 = c(122, 68, 57, 1060, 40, 3.5),
                 x2 = c(7, 1, 3549, 247, 4, 25), t2 = c(120, 65, 58, 979, 38, 7.25))
irr <- function(d, ...) escalc("IRR", x1i = x1, t1i = t1, x2i = x2, t2i = t2, data = d, append = FALSE, ...)
scaled <- irr(ev); scaled$vi <- 2.5 * scaled$vi
save_blocks("IRR",
  write_cases("IRR", "escalc(\"IRR\")", metafor_version, ev, irr(ev), list(add = 0.5, to = "only0")),
  write_cases("IRR", "escalc(\"IRR\"), variance times phi", metafor_version, cbind(ev, phi = 2.5), scaled))

# RIRR has the form of an odds ratio; with exposures it is the difference of two log rate ratios
q <- data.frame(a = c(50, 207, 178, 88, 39, 10, 5), b = c(30, 110, 157, 63, 15, 0, 9),
                c = c(60, 308, 150, 64, 31, 12, 0), d = c(55, 318, 140, 74, 51, 11, 4))
rirr <- function(d, ...) escalc("OR", ai = b, bi = a, ci = d, di = c, data = d, append = FALSE, ...)
phi <- c(1, 2, 2, 1.5, 4, 3, 1.25); scaled <- rirr(q); scaled$vi <- phi * scaled$vi
expo <- cbind(q[1:5, ], ta = c(12, 6, 1, 24, 3), tb = c(6, 6, 2, 12, 4), tc = c(12, 5, 1, 24, 2), td = c(6, 7, 3, 12, 5))
treated <- escalc("IRR", x1i = b, t1i = tb, x2i = a, t2i = ta, data = expo, append = FALSE)
control <- escalc("IRR", x1i = d, t1i = td, x2i = c, t2i = tc, data = expo, append = FALSE)
save_blocks("RIRR",
  write_cases("RIRR", "escalc(\"OR\") of (b, a; d, c)", metafor_version, q, rirr(q), list(add = 0.5, to = "only0")),
  write_cases("RIRR", "escalc(\"OR\") of (b, a; d, c)", metafor_version, q, rirr(q, to = "all"), list(to = "all")),
  write_cases("RIRR", "escalc(\"OR\") of (b, a; d, c), variance times phi", metafor_version, cbind(q, phi = phi), scaled),
  write_cases("RIRR", "difference of two escalc(\"IRR\")", metafor_version, expo,
              list(yi = treated$yi - control$yi, vi = treated$vi + control$vi)))

# Makes the reference cases of the area measures RES, WDD, WDQ and TNE.
# Run in this folder:  Rscript make_area.R   (needs metafor and jsonlite)
# RES has the form of an odds ratio, so metafor is the oracle. WDD, WDQ and TNE: the estimate is written out from the papers;
# its variance is the delta method with R's own symbolic derivatives (stats::deriv), and phi * count for each count.
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
# value and delta-method variance of an expression in independent counts
delta <- function(expression, frame, counts, phi) {
  out <- lapply(seq_len(nrow(frame)), function(i) {
    row <- as.list(frame[i, , drop = FALSE])
    at <- eval(deriv(expression, counts), row)
    slopes <- attr(at, "gradient")[1, ]
    c(at[1], phi[i] * sum(slopes^2 * unlist(row[counts])))
  })
  out <- do.call(rbind, out)
  list(yi = out[, 1], vi = out[, 2])
}

q <- data.frame(a = c(50, 207, 178, 88, 39, 10, 5), b = c(30, 110, 157, 63, 15, 0, 9),
                c = c(60, 308, 150, 64, 31, 12, 0), d = c(55, 318, 140, 74, 51, 11, 4))
res <- escalc("OR", ai = a, bi = b, ci = c, di = d, data = q, append = FALSE)
phi <- c(1, 2, 2, 1.5, 4, 3, 1.25); scaled <- res; scaled$vi <- phi * scaled$vi
expo <- cbind(q[1:5, ], ta = c(12, 6, 1, 24, 3), tb = c(6, 6, 2, 12, 4), tc = c(12, 5, 1, 24, 2), td = c(6, 7, 3, 12, 5))
treated <- escalc("IRR", x1i = a, t1i = ta, x2i = b, t2i = tb, data = expo, append = FALSE)
control <- escalc("IRR", x1i = c, t1i = tc, x2i = d, t2i = td, data = expo, append = FALSE)
save_blocks("RES",
  write_cases("RES", "escalc(\"OR\") of (a, b; c, d)", metafor_version, q, res, list(add = 0.5, to = "only0")),
  write_cases("RES", "escalc(\"OR\") of (a, b; c, d), variance times phi", metafor_version, cbind(q, phi = phi), scaled),
  write_cases("RES", "difference of two escalc(\"IRR\")", metafor_version, expo,
              list(yi = treated$yi - control$yi, vi = treated$vi + control$vi)))

# printed figures: Wheeler & Ratcliffe (2018) as in the tests of ptools, and its notes on time weights
eight <- data.frame(a = c(207, 50, 0, 12), b = c(110, 30, 4, 0), c = c(308, 60, 3, 14), d = c(318, 55, 0, 9),
                    e = c(178, 40, 1, 0), f = c(157, 44, 0, 3), g = c(150, 33, 0, 7), h = c(140, 31, 2, 5))
local <- eight[, c("a", "b", "c", "d")]
target <- quote(b - a - d + c); both <- quote(b - a - d + c + f - e - h + g)
weighted <- cbind(eight, ta = c(1.2, 2, 12, 3), tb = c(1.2, 1, 6, 2), tc = c(0.9, 2, 12, 3), td = c(0.9, 1, 6, 1),
                  te = c(1.5, 4, 5, 1), tf = c(1.5, 3, 2.5, 2), tg = c(1.6, 2, 1, 3), th = c(1.6, 1, 1, 4))
rates <- quote(b/tb - a/ta - d/td + c/tc + f/tf - e/te - h/th + g/tg)
time <- data.frame(a = c(80, 500), b = c(20, 80), c = c(100, 500), d = c(50, 90), ta = c(2, 5), tb = 1, tc = c(2, 5), td = 1)
names8 <- letters[1:8]; names4 <- letters[1:4]
save_blocks("WDD",
  write_cases("WDD", "Wheeler & Ratcliffe (2018), variance by stats::deriv", r_version, local, delta(target, local, names4, rep(1, 4))),
  write_cases("WDD", "Wheeler & Ratcliffe (2018), with displacement and phi", r_version, cbind(eight, phi = c(1, 2, 1.5, 4)),
              delta(both, eight, names8, c(1, 2, 1.5, 4))),
  write_cases("WDD", "the same with weights for areas and windows", r_version, weighted, delta(rates, weighted, names8, rep(1, 4))),
  write_cases("WDD", "time weights", r_version, time, delta(quote(b/tb - a/ta - d/td + c/tc), time, names4, rep(1, 2))),
  write_cases("WDD", "printed: ptools tests (-107, 30.708 squared is the sum of the counts; -20, 115)", "ptools 2.0.0",
              data.frame(a = c(207, 80), b = c(110, 20), c = c(308, 100), d = c(318, 50), ta = c(1, 2), tb = c(1, 1),
                         tc = c(1, 2), td = c(1, 1)), list(yi = c(-107, -20), vi = c(943, 115))))

six <- data.frame(a = c(207, 60, 90, 40, 33), b = c(110, 20, 0, 30, 20), c = c(308, 100, 120, 50, 41), d = c(318, 110, 80, 60, 7),
                  e = c(178, 45, 10, 25, 30), f = c(157, 80, 20, 1, 4))
six <- six[six$b / six$d < six$a / six$c, ]
p6 <- c(1, 2, 1.5, 4, 3)[seq_len(nrow(six))]
names6 <- letters[1:6]
save_blocks("WDQ",
  write_cases("WDQ", "Guerette (2009) appendix B, variance by stats::deriv", r_version, six,
              delta(quote((f/d - e/c) / (b/d - a/c)), six, names6, rep(1, nrow(six)))),
  write_cases("WDQ", "the same times phi", r_version, cbind(six, phi = p6),
              delta(quote((f/d - e/c) / (b/d - a/c)), six, names6, p6)))

tne <- rbind(six, data.frame(a = 12, b = 0, c = 9, d = 0, e = 0, f = 3))
own <- cbind(tne, g = c(150, 30, 20, 25, 17, 11)[seq_len(nrow(tne))], h = c(140, 28, 31, 20, 2, 0)[seq_len(nrow(tne))])
p7 <- seq(1, 3, length.out = nrow(tne))
save_blocks("TNE",
  write_cases("TNE", "Guerette (2009) appendix B equation 4, variance by stats::deriv", r_version, tne,
              delta(quote(a*d/c - b + e*d/c - f), tne, names6, rep(1, nrow(tne)))),
  write_cases("TNE", "with a control of its own for the buffer, times phi", r_version, cbind(own, phi = p7),
              delta(quote(a*d/c - b + e*h/g - f), own, names8, p7)))

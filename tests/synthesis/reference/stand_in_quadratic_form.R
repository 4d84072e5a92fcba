# A package of our own under the name CompQuadForm, which metafor asks for and Debian does not have: one function, the
# distribution of a sum of lambda_j chi-squared(1), so that metafor's own code makes GENQM and generalised-Q intervals.
# P(sum <= q) is the Laplace inverse of prod (1 + 2 s lambda)^(-1/2) / s (Imhof 1961, Biometrika 48, 419-426, its
# characteristic function) on the parabola s = c (1 + iu)^2 / q, which encloses all singularities, as they lie on the
# negative axis; there the trapezoidal rule converges geometrically (Weideman & Trefethen 2007, Mathematics of Computation
# 76, 1341-1356). c is chosen so that the integrand is nowhere large; the step is halved until the sum stands to 1e-14.
# Held to 1e-12 against chi-squared here and against 40-digit values in tests/synthesis/test_genq_reference.py.
farebrother <- function(q, lambda, h = rep(1, length(lambda)), delta = rep(0, length(lambda)), maxit = 1e5, eps = 1e-14,
                        mode = 1) {
  q <- as.numeric(q) # metafor hands over a 1 x 1 matrix
  stopifnot(all(h == 1), all(delta == 0), length(q) == 1, all(lambda >= 0))
  if (q <= 0) return(list(dnsty = NA, ifault = 0L, Qq = 1))
  logarithm <- function(u, c) {
    s <- c * complex(real = 1, imaginary = u)^2 / q
    terms <- log(1 + 2 * outer(s, lambda))
    s * q - rowSums(terms) / 2 - log(complex(real = 1, imaginary = u))
  }
  grid <- c(0, 10^seq(-3, 2.5, length.out = 120))
  c <- 10^optimize(function(x) max(Re(logarithm(grid, 10^x))), c(-1, 4))$minimum
  size <- Re(logarithm(grid, c))
  if (max(size) < -50) return(list(dnsty = NA, ifault = 0L, Qq = 1)) # far below all that the sum can be
  reach <- grid[max(which(size > -50)) + 1]
  step <- reach / 64; nodes <- seq(0, 64) * step
  f <- function(u) Re(exp(logarithm(u, c)))
  total <- sum(f(nodes)) - f(0) / 2; value <- 2 * step * total / pi
  for (round in 1:8) {
    total <- total + sum(f(nodes[-length(nodes)] + step / 2)); step <- step / 2; nodes <- seq(0, reach, by = step)
    last <- value; value <- 2 * step * total / pi
    if (abs(value - last) <= eps) break
  }
  list(dnsty = NA, ifault = as.integer(abs(value - last) > 1e-13), Qq = min(max(1 - value, 0), 1))
}

for (df in c(1, 2, 3, 7, 30, 159)) for (x in qchisq(c(1e-6, .025, .3, .5, .8, .975, 1 - 1e-6), df)) for (scale in c(1e-4, 1, 1e6)) {
  found <- farebrother(x * scale, rep(scale, df))
  stopifnot(found$ifault == 0, abs(found$Qq - pchisq(x, df, lower.tail = FALSE)) < 1e-12)
}

install_stand_in <- function() {
  folder <- file.path(tempdir(), "CompQuadForm"); library <- file.path(tempdir(), "library")
  dir.create(file.path(folder, "R"), recursive = TRUE); dir.create(library)
  writeLines(c("Package: CompQuadForm", "Version: 0.0.1", "Title: Stand-In", "Description: See the reference script.",
               "License: file LICENSE", "Author: metareview", "Maintainer: metareview <none@example.org>"), file.path(folder, "DESCRIPTION"))
  writeLines("export(farebrother)", file.path(folder, "NAMESPACE"))
  dump("farebrother", file.path(folder, "R", "farebrother.R"), envir = environment(install_stand_in))
  install.packages(folder, lib = library, repos = NULL, type = "source", quiet = TRUE)
  .libPaths(c(library, .libPaths()))
}

# Makes the reference cases of change within a group, pre-post-control and correlations with an implementation that is not ours.
# Run in this folder:  Rscript make_change.R   (needs metafor 3.8.1, gsl, metadat and jsonlite)
suppressMessages({library(metafor); library(jsonlite)})
stopifnot(packageVersion("metafor") == "3.8.1")
metafor_version <- paste("metafor", packageVersion("metafor"))
r_version <- R.version.string

block <- function(measure, source, version, frame, result, options = list()) {
  frame$yi <- as.numeric(result$yi); frame$vi <- as.numeric(result$vi)
  list(measure = measure, source = source, version = version, options = options, cases = frame)
}
save_blocks <- function(name, ...) {
  write_json(list(...), paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
}
es <- function(m, d, ...) escalc(m, m1i = m1i, m2i = m2i, sd1i = sd1i, sd2i = sd2i, ni = ni, ri = ri, data = d, append = FALSE, ...)
J <- function(m) exp(lgamma(m / 2) - lgamma((m - 1) / 2)) / sqrt(m / 2)

# Change: Morris (2008), treated and control; no change; a negative correlation; 3 people; many people
ch <- data.frame(
  m1i = c(38.5, 26.8, 75.9, 36, 19.7, 33.4, 5, 12, 9, 103.4), m2i = c(30.6, 23.5, 53.4, 35.6, 23.1, 34.8, 5, 9, 4, 101.2),
  sd1i = c(15, 3.1, 14.5, 4.7, 13.8, 3.1, 1, 3, 2, 15.1), sd2i = c(11.6, 4.1, 4.4, 4.6, 14.8, 6.9, 2, 4, 2.5, 14.7),
  ni = c(20, 50, 10, 14, 20, 14, 12, 17, 3, 12000), ri = c(.47, .64, .89, .44, .47, .44, 0, -.6, .5, .93))
# the same rows by the SD of the changes, and by the paired t
sdc <- with(ch, sqrt(sd1i^2 + sd2i^2 - 2 * ri * sd1i * sd2i))
by_sd <- cbind(ch[setdiff(names(ch), "ri")], sd_change = sdc)
by_t <- cbind(ch[setdiff(names(ch), "ri")], ti = with(ch, (m1i - m2i) / (sdc / sqrt(ni))))[ch$m1i != ch$m2i, ]
three <- function(m, result, source = paste0("escalc(\"", m, "\")"), version = metafor_version, options = list()) list(
  block(m, source, version, ch, result, options),
  block(m, paste(source, "of the same rows, by the SD of the changes"), version, by_sd, result, options),
  block(m, paste(source, "of the same rows, by the paired t"), version, by_t,
        lapply(result, function(v) as.numeric(v)[ch$m1i != ch$m2i]), options))
save_all <- function(m, ...) do.call(save_blocks, c(list(m), ...))

save_all("MC", three("MC", es("MC", ch)))
save_all("SMCC", three("SMCC", es("SMCC", ch)),
         list(block("SMCC", "escalc(\"SMCC\", vtype = \"LS2\")", metafor_version, ch, es("SMCC", ch, vtype = "LS2"), list(vtype = "LS2"))))
save_all("SMCR", three("SMCR", es("SMCR", ch)),
         list(block("SMCR", "escalc(\"SMCR\", vtype = \"LS2\")", metafor_version, ch, es("SMCR", ch, vtype = "LS2"), list(vtype = "LS2"))))

# SMCRH: metafor 3.8.1 shrinks d twice; here Bonett's variance of d times J^2, case by case; the estimate is metafor's
d <- with(ch, (m1i - m2i) / sd1i); df <- ch$ni - 1
bonett <- list(yi = es("SMCRH", ch)$yi, vi = J(df)^2 * (sdc^2 / (ch$sd1i^2 * df) + d^2 / (2 * df)))
# what metafor 3.8.1 gives differs by exactly the second shrinking of d^2
stopifnot(all.equal(as.numeric(es("SMCRH", ch)$vi), bonett$vi - J(df)^2 * (1 - J(df)^2) * d^2 / (2 * df)))
plain <- list(yi = bonett$yi, vi = sdc^2 / (ch$sd1i^2 * df) + as.numeric(bonett$yi)^2 / (2 * df))
said <- "estimate: escalc(\"SMCRH\"); variance: Bonett (2008, 2015) in R"
save_all("SMCRH", three("SMCRH", bonett, said), list(block("SMCRH", said, metafor_version, ch, plain, list(vtype = "LS"))))

# Ratios: metafor 3.8.1 does not correct the estimate; the correction is added here from Lajeunesse (2015), Senior et al. (2020)
half <- with(ch, (sd1i^2 / m1i^2 - sd2i^2 / m2i^2) / (2 * ni))
for (m in c("ROMC", "CVRC")) {
  plain <- es(m, ch)
  corrected <- list(yi = plain$yi + (if (m == "ROMC") half else -half), vi = plain$vi)
  save_all(m, three(m, corrected, paste0("escalc(\"", m, "\"), corrected in R")),
           three(m, plain, options = list(correction = "none")))
}
save_all("VRC", lapply(three("VRC", es("VRC", ch))[1:2], function(b) {
  b$cases$m1i <- NULL; b$cases$m2i <- NULL; b
}))

# Pre-post-control: the five studies of Morris (2008), tiny, unequal and large arms, different correlations
p <- data.frame(
  m_pre_t = c(30.6, 23.5, .5, 53.4, 35.6, 10, 50, 2.2), m_post_t = c(38.5, 26.8, .7, 75.9, 36, 8, 47, 2.1),
  sd_pre_t = c(15, 3.1, .1, 14.5, 4.7, 2, 10, .8), sd_post_t = c(11.6, 4.1, .1, 4.4, 4.6, 3, 9, .9),
  ni_t = c(20, 50, 9, 10, 14, 3, 5000, 40), ri_t = c(.47, .64, .77, .89, .44, .2, .8, -.3),
  m_pre_c = c(23.1, 24.9, .6, 55.7, 34.8, 11, 49, 2.2), m_post_c = c(19.7, 25.3, .6, 60.7, 33.4, 12, 48, 2.1),
  sd_pre_c = c(13.8, 4.1, .2, 17.3, 3.1, 2.5, 11, .7), sd_post_c = c(14.8, 3.3, .2, 17.9, 6.9, 2, 11, .8),
  ni_c = c(20, 42, 9, 11, 14, 4, 400, 15), ri_c = c(.47, .64, .77, .89, .44, .6, .75, 0))
sd_of <- function(a) sqrt(p[[paste0("sd_pre_", a)]]^2 + p[[paste0("sd_post_", a)]]^2 -
                          2 * p[[paste0("ri_", a)]] * p[[paste0("sd_pre_", a)]] * p[[paste0("sd_post_", a)]])
one_r <- setdiff(names(p), "ri_t")
mixed <- cbind(p[one_r], sd_change_t = sd_of("t"))
arm <- function(m, a, ...) {
  q <- setNames(p[paste0(c("m_post_", "m_pre_", "sd_pre_", "sd_post_", "ni_", "ri_"), a)], c("m1i", "m2i", "sd1i", "sd2i", "ni", "ri"))
  es(m, q, ...)
}
pair_of <- function(m) { t <- arm(m, "t"); c <- arm(m, "c"); list(yi = as.numeric(t$yi - c$yi), vi = as.numeric(t$vi + c$vi)) }
for (x in list(c("SMCRD", "SMCR"), c("DIDM", "MC"))) {
  said <- paste0("difference of two escalc(\"", x[2], "\")")
  save_blocks(x[1], block(x[1], said, metafor_version, p, pair_of(x[2])),
              block(x[1], paste(said, "of the same rows, one arm by the SD of the changes"), metafor_version, mixed, pair_of(x[2])))
}
# DIDM of different people: the sum of the variances of two escalc("MD")
two <- with(p, data.frame(m_pre_t, m_post_t, sd_pre_t, sd_post_t, n_pre_t = ni_t, n_post_t = ni_t + 7,
                          m_pre_c, m_post_c, sd_pre_c, sd_post_c, n_pre_c = ni_c + 2, n_post_c = ni_c))
md <- function(a) escalc("MD", m1i = two[[paste0("m_post_", a)]], m2i = two[[paste0("m_pre_", a)]], sd1i = two[[paste0("sd_post_", a)]],
                         sd2i = two[[paste0("sd_pre_", a)]], n1i = two[[paste0("n_post_", a)]], n2i = two[[paste0("n_pre_", a)]])
save_blocks("DIDM", block("DIDM", "difference of two escalc(\"MC\")", metafor_version, p, pair_of("MC")),
  block("DIDM", "difference of two escalc(\"MC\") of the same rows, one arm by the SD of the changes", metafor_version, mixed, pair_of("MC")),
  block("DIDM", "difference of two escalc(\"MD\"), after and before", metafor_version, two,
        list(yi = md("t")$yi - md("c")$yi, vi = md("t")$vi + md("c")$vi)),
  block("DIDM", "treated by escalc(\"MC\"), control by escalc(\"MD\")", metafor_version,
        cbind(p[1:6], two[7:12]), list(yi = arm("MC", "t")$yi - md("c")$yi, vi = arm("MC", "t")$vi + md("c")$vi)))
# DPPC2: Morris (2008), with one correlation as in his equation 25 where the two arms have the same, case by case
morris <- function(p, exact) with(p, {
  df <- ni_t + ni_c - 2; cp <- if (exact) J(df) else 1 - 3 / (4 * df - 1)
  d <- cp * ((m_post_t - m_pre_t) - (m_post_c - m_pre_c)) / sqrt(((ni_t - 1) * sd_pre_t^2 + (ni_c - 1) * sd_pre_c^2) / df)
  rho <- (ri_t * ni_c + ri_c * ni_t) / (ni_t + ni_c)   # makes 2 (1 - rho) N / (n_t n_c) the sum over the arms
  h <- (ni_t + ni_c) / (ni_t * ni_c)
  list(yi = d, vi = 2 * cp^2 * (1 - rho) * h * df / (df - 2) * (1 + d^2 / (2 * (1 - rho) * h)) - d^2)
})
eq25 <- "Morris (2008), equation 25, case by case in R"
save_blocks("DPPC2", block("DPPC2", eq25, r_version, p, morris(p, FALSE)),
  block("DPPC2", paste(eq25, "with Hedges' exact J"), r_version, p, morris(p, TRUE), list(correction = "exact")),
  block("DPPC2", paste(eq25, "one arm by the SD of the changes"), r_version, mixed, morris(p, FALSE)))

# Four samples of people: ordinary, rare, all of a sample, none of a sample, big
f <- data.frame(x_pre_t = c(40, 3, 10, 5, 900), n_pre_t = c(100, 250, 10, 20, 5000), x_post_t = c(25, 1, 8, 0, 700), n_post_t = c(90, 260, 12, 25, 5100),
                x_pre_c = c(38, 2, 6, 7, 850), n_pre_c = c(110, 240, 11, 22, 4900), x_post_c = c(41, 4, 7, 6, 830), n_post_c = c(105, 255, 13, 21, 4950))
did <- function(m, d, ...) {
  t <- escalc(m, ai = x_post_t, n1i = n_post_t, ci = x_pre_t, n2i = n_pre_t, data = d, append = FALSE, to = "none", ...)
  c <- escalc(m, ai = x_post_c, n1i = n_post_c, ci = x_pre_c, n2i = n_pre_c, data = d, append = FALSE, to = "none", ...)
  list(yi = t$yi - c$yi, vi = t$vi + c$vi)
}
cells <- with(f, data.frame(x_pre_t, y_pre_t = n_pre_t - x_pre_t, x_post_t, y_post_t = n_post_t - x_post_t,
                            x_pre_c, y_pre_c = n_pre_c - x_pre_c, x_post_c, y_post_c = n_post_c - x_post_c))
added <- f; added[grep("^x", names(f))] <- f[grep("^x", names(f))] + .5; added[grep("^n", names(f))] <- f[grep("^n", names(f))] + 1
only0 <- f; z <- 3:4; only0[z, ] <- added[z, ]
save_blocks("DIDP", block("DIDP", "difference of two escalc(\"RD\")", metafor_version, f, did("RD", f)),
  block("DIDP", "difference of two escalc(\"RD\")", metafor_version, cells, did("RD", f)),
  block("DIDP", "difference of two escalc(\"RD\") after 0.5 in every cell", metafor_version, f, did("RD", added), list(to = "all")))
save_blocks("DIDOR", block("DIDOR", "difference of two escalc(\"OR\")", metafor_version, f, did("OR", only0), list(to = "only0")),
  block("DIDOR", "difference of two escalc(\"OR\") after 0.5 in every cell", metafor_version, cells, did("OR", added), list(to = "all")))

# Correlations: ordinary, none, negative, near 1, few people, many
co <- data.frame(ri = c(.43, 0, -.37, .98, -.6, .05, .2, .013), ni = c(19, 25, 120, 30, 5, 8, 100000, 7))
cor_of <- function(m, d = co, ...) escalc(m, ri = ri, ni = ni, data = d, append = FALSE, ...)
for (m in c("COR", "ZCOR")) save_blocks(m, block(m, paste0("escalc(\"", m, "\")"), metafor_version, co, cor_of(m)))
# UCOR: gsl, which metafor uses, loses digits for few people near r = 0, so the power series of 2F1(a, a; c; x) is summed here
F <- function(a, c, x) mapply(function(c, x) { k <- 0:299999; 1 + sum(cumprod((k + a)^2 / ((c + k) * (k + 1)) * x)) }, c, x)
u <- with(co, list(yi = ri * F(.5, (ni - 2) / 2, 1 - ri^2)))
u$vi <- (1 - u$yi^2)^2 / (co$ni - 1)
ub <- with(co, list(yi = u$yi, vi = u$yi^2 - 1 + (ni - 3) / (ni - 2) * (1 - ri^2) * F(1, ni / 2, 1 - ri^2)))
fine <- co$ni > 10
stopifnot(all.equal(as.numeric(cor_of("UCOR")$yi)[fine], u$yi[fine], tolerance = 1e-12),
          all.equal(as.numeric(cor_of("UCOR", vtype = "UB")$vi)[co$ni %in% 19:120], ub$vi[co$ni %in% 19:120], tolerance = 1e-10))
series <- "Olkin & Pratt (1958), power series in R; escalc(\"UCOR\") agrees above 10 people"
save_blocks("UCOR", block("UCOR", series, r_version, co, u),
            block("UCOR", paste(series, "unbiased variance"), r_version, co[1:6, ], lapply(ub, head, 6), list(vtype = "UB")))
# Partial: the five studies of metadat's dat.aloe2013 in escalc's help; few people, no association, negative
a <- with(get(data(dat.aloe2013, package = "metadat")), data.frame(ti = as.numeric(tval), ni = as.numeric(n), mi = as.numeric(preds), r2i = R2))
a <- rbind(a, data.frame(ti = c(0, -2.3, 1.2, -15), ni = c(40, 25, 7, 80), mi = c(2, 4, 3, 1), r2i = c(.1, .4, .7, .8)))
run <- function(m, d = a, ...) escalc(m, ti = ti, ni = ni, mi = mi, r2i = r2i, data = d, append = FALSE, ...)
r <- as.numeric(run("PCOR")$yi)
# as a plain correlation of n - (m - 1) people, by escalc("COR") and escalc("ZCOR")
less <- function(m) cor_of(m, data.frame(ri = r, ni = a$ni - a$mi + 1))
for (x in list(c("PCOR", "COR"), c("ZPCOR", "ZCOR"))) {
  said <- paste0("estimate: escalc(\"", x[1], "\"); variance: escalc(\"", x[2], "\") of ni - mi + 1 people")
  result <- list(yi = run(x[1])$yi, vi = less(x[2])$vi)
  save_blocks(x[1], block(x[1], said, metafor_version, a[c("ti", "ni", "mi")], result),
              block(x[1], paste(said, "by the partial correlation"), metafor_version, data.frame(ri = r, ni = a$ni, mi = a$mi), result))
}
save_blocks("SPCOR", block("SPCOR", "escalc(\"SPCOR\")", metafor_version, a, run("SPCOR")))

# Two means: Morris (2008) post-test groups, tiny groups, unequal groups, equal means
me <- data.frame(m1i = c(38.5, 26.8, .7, 75.9, 10.2, 5, 103.4, 12), sd1i = c(11.6, 4.1, .1, 4.4, 2.5, 1, 15.1, 3), n1i = c(20, 50, 9, 10, 2, 30, 12000, 90),
                 m2i = c(19.7, 25.3, .6, 60.7, 9.1, 5, 101.2, 14), sd2i = c(14.8, 3.3, .2, 17.9, 3.5, 2, 14.7, 4), n2i = c(20, 42, 9, 11, 2, 12, 8000, 10))
two <- function(m, ...) escalc(m, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i, data = me, append = FALSE, ...)
save_blocks("RPB", block("RPB", "escalc(\"RPB\")", metafor_version, me, two("RPB", vtype = "ST")),
            block("RPB", "escalc(\"RPB\", vtype = \"CS\")", metafor_version, me, two("RPB", vtype = "CS"), list(vtype = "CS")))
save_blocks("RBIS", block("RBIS", "escalc(\"RBIS\")", metafor_version, me, two("RBIS")))

# R squared is not in metafor 3.8.1: case by case in R
q <- data.frame(r2i = c(.4, .01, .96, .455, .2), ni = c(25, 300, 12, 218, 8), mi = c(4, 2, 3, 7, 5))
save_blocks("R2", block("R2", "Olkin & Finn (1995), case by case in R", r_version, q, with(q, list(yi = r2i, vi = 4 * r2i * (1 - r2i)^2 / ni))),
  block("R2", "Cohen et al. (2003), case by case in R", r_version, q,
        with(q, list(yi = r2i, vi = 4 * r2i * (1 - r2i)^2 * (ni - mi - 1)^2 / ((ni^2 - 1) * (ni + 3)))), list(vtype = "LS2")))
z <- rbind(q[c("r2i", "ni")], data.frame(r2i = 0, ni = 40))
save_blocks("ZR2", block("ZR2", "Olkin & Finn (1995), case by case in R", r_version, z, with(z, list(yi = log((1 + sqrt(r2i)) / (1 - sqrt(r2i))) / 2, vi = 1 / ni))))

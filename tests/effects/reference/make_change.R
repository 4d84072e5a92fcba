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
           three(m, plain, options = list(correct = "no")))
}
save_all("VRC", lapply(three("VRC", es("VRC", ch))[1:2], function(b) {
  b$cases$m1i <- NULL; b$cases$m2i <- NULL; b
}))

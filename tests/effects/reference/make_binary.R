# Makes the reference cases of 2x2 tables, paired 2x2 tables and person-time with metafor, which is not ours.
# Run in this folder:  Rscript make_binary.R   (needs metafor and jsonlite; RTET.json comes from make_rtet.py)
suppressMessages({library(metafor); library(jsonlite)})
version <- paste("metafor", packageVersion("metafor"))

block <- function(measure, frame, result, options = list(), source = paste0("escalc(\"", measure, "\")")) {
  frame$yi <- as.numeric(result$yi); frame$vi <- as.numeric(result$vi)
  stopifnot(all(is.finite(frame$yi)), all(frame$vi > 0))
  list(measure = measure, source = source, version = version, options = options, cases = frame)
}
save_blocks <- function(name, ...) {
  write_json(list(...), paste0(name, ".json"), digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
}
table_of <- function(measure, frame, ...) {
  escalc(measure, ai = ai, bi = bi, ci = ci, di = di, data = frame, append = FALSE, ...)
}

# ordinary, unequal arms, strong effect, big, then tables with zeros
clean <- data.frame(ai = c(19, 16, 4, 1, 11786, 45, 2), bi = c(27, 78, 119, 999, 41000, 5, 300),
                    ci = c(4, 8, 11, 3, 12001, 4, 1), di = c(31, 59, 128, 997, 40321, 46, 20))
zeros <- data.frame(ai = c(0, 5, 12, 0), bi = c(10, 40, 0, 250), ci = c(3, 0, 6, 2), di = c(9, 35, 8, 60))
tab <- rbind(clean, zeros)
double <- data.frame(ai = c(0, 10), bi = c(25, 0), ci = c(0, 12), di = c(40, 0))
only0 <- list(add = 0.5, to = "only0"); none <- list(to = "none"); all4 <- list(add = 0.25, to = "all")

# corrected by default
for (m in c("YUQ", "YUY", "PBIT", "OR2DN", "OR2DL")) {
  save_blocks(m, block(m, tab, table_of(m, tab)),
    block(m, tab, table_of(m, tab, add = 0.25, to = "all"), all4),
    block(m, tab, table_of(m, tab, to = "if0all"), list(to = "if0all")),
    block(m, clean, table_of(m, clean, to = "none"), none))
}

# not corrected by default; escalc does correct PETO unless told not to
save_blocks("PETO", block("PETO", tab, table_of("PETO", tab, to = "none"), source = "escalc(\"PETO\", to=\"none\")"),
  block("PETO", tab, table_of("PETO", tab), only0), block("PETO", tab, table_of("PETO", tab, add = 0.25, to = "all"), all4))
asd <- rbind(tab, double)
save_blocks("AS", block("AS", asd, table_of("AS", asd)), block("AS", asd, table_of("AS", asd, add = 0.5), only0))
phi <- function(type, ...) cbind(vtype = type, tab)
save_blocks("PHI", block("PHI", tab, table_of("PHI", tab)),
  block("PHI", phi("CS"), table_of("PHI", tab, vtype = "CS"), source = "escalc(\"PHI\", vtype=\"CS\")"),
  block("PHI", phi("ST"), table_of("PHI", tab, vtype = "ST"), source = "escalc(\"PHI\", vtype=\"ST\")"),
  block("PHI", phi("ST"), table_of("PHI", tab, vtype = "ST", add = 0.5), only0))

# Sweeting, Sutton & Lambert (2004): with R = n2/n1 the treated cells get 1/(R+1) and the control cells R/(R+1), summing to
# 1 = 2 * add; worked out here and given to escalc as cells
arms <- function(frame, total = 1) {
  R <- (frame$ci + frame$di) / (frame$ai + frame$bi)
  zero <- with(frame, ai == 0 | bi == 0 | ci == 0 | di == 0)
  within(frame, {
    ai <- ai + zero * total / (R + 1); bi <- bi + zero * total / (R + 1)
    ci <- ci + zero * total * R / (R + 1); di <- di + zero * total * R / (R + 1)
  })
}
said <- "escalc of the cells corrected after Sweeting, Sutton & Lambert (2004), in R"
swept <- function(m, frame) block(m, frame, table_of(m, arms(frame), to = "none"), list(to = "treatment_arm"), said)
half <- function(m) block(m, tab, table_of(m, arms(tab, 0.2), to = "none"), list(to = "treatment_arm", add = 0.1), said)
save_blocks("treatment_arm", swept("OR", tab), swept("RR", tab), swept("RD", asd), swept("YUQ", tab), swept("PBIT", tab),
  swept("OR2DL", tab), swept("PETO", tab), half("OR"), half("RR"))

# matched pairs; MPORC and MPPETO are left alone by zeros in ai and di, where escalc adds its 0.5 all the same
for (m in c("MPRR", "MPOR", "MPRD")) {
  pairs <- if (m == "MPRD") rbind(tab, data.frame(ai = 10, bi = 0, ci = 0, di = 12)) else tab
  save_blocks(m, block(m, pairs, table_of(m, pairs)), block(m, pairs, table_of(m, pairs, add = 0.25, to = "all"), all4),
    block(m, clean, table_of(m, clean, to = "none"), none))
}
discordant <- subset(tab, bi == 0 | ci == 0)
concordant <- data.frame(ai = c(0, 7, 0), bi = c(4, 9, 12), ci = c(11, 2, 5), di = c(30, 0, 0))
unpaired <- rbind(clean, concordant)
for (m in c("MPORC", "MPPETO")) {
  plain <- block(m, unpaired, table_of(m, unpaired, to = "none"), source = paste0("escalc(\"", m, "\", to=\"none\")"))
  added <- block(m, unpaired[c("bi", "ci")], table_of(m, unpaired, add = 0.25, to = "all"), all4)
  corrected <- block(m, discordant, table_of(m, discordant), only0)
  own <- block(m, discordant, table_of(m, discordant, to = if (m == "MPORC") "only0" else "none"))
  save_blocks(m, plain, added, corrected, own)
}

# person-time: ordinary, tiny, big, unequal exposures, one zero, none at all
ev <- data.frame(x1 = c(1, 3, 2817, 174, 0, 12, 0), t1 = c(122, 68, 57, 1060, 40, 3.5, 80),
                 x2 = c(7, 1, 3549, 247, 4, 25, 0), t2 = c(120, 65, 58, 979, 38, 7.25, 30))
rate <- function(m, d, ...) escalc(m, x1i = x1, t1i = t1, x2i = x2, t2i = t2, data = d, append = FALSE, ...)
for (m in c("IRD", "IRSD")) {
  scaled <- rate(m, ev); scaled$vi <- 2.5 * scaled$vi
  some <- ev[1:6, ]
  own <- if (m == "IRD") only0 else list() # escalc adds to zeros of IRD by default
  save_blocks(m, block(m, ev, rate(m, ev), own), block(m, ev, rate(m, ev, add = 0.5, to = "only0"), only0),
    block(m, ev, rate(m, ev, add = 0.25, to = "all"), all4), block(m, some, rate(m, some, to = "none"), none),
    block(m, cbind(ev, phi = 2.5), scaled, own, source = paste0("escalc(\"", m, "\"), variance times phi")))
}

# Makes vcalc.json: sampling covariance matrices by an implementation that is not ours, for test_dependence_vcalc.py.
# Run in this folder:  Rscript make_vcalc.R   (needs metafor, metadat and jsonlite)
suppressMessages({library(metafor); library(metadat); library(jsonlite)})

block <- function(source, columns, call, V) {
  low <- which(lower.tri(V, diag = TRUE) & V != 0, arr.ind = TRUE)
  list(source = source, version = paste("metafor", packageVersion("metafor")), columns = columns, call = call,
       row = low[, 1] - 1, col = low[, 2] - 1, value = V[low])
}

a <- dat.assink2016
assink <- list(study_id = a$study, vi = a$vi, esid = a$esid, deltype = a$deltype)
one <- block("dat.assink2016, obs", assink, list(outcome = "none", instrument = "esid", rho_within = 0.6),
             vcalc(vi, cluster = study, obs = esid, data = a, rho = 0.6))
two <- block("dat.assink2016, type and obs", assink, list(outcome = "deltype", instrument = "esid", rho = 0.5, rho_within = 0.7),
             vcalc(vi, cluster = study, type = deltype, obs = esid, data = a, rho = c(0.7, 0.5)))

i <- reshape(dat.ishak2007, direction = "long", idvar = "study", v.names = c("yi", "vi"),
             varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
i <- i[order(i$study, i$time), ]; i <- i[!is.na(i$yi), ]
three <- block("dat.ishak2007, time1", list(study_id = i$study, vi = i$vi, time = i$time), list(rho_time = 0.97),
               vcalc(vi, cluster = study, time1 = time, phi = 0.97, data = i))

k <- dat.kalaian1996
four <- block("dat.kalaian1996, type", list(study_id = k$study, vi = k$vi, outcome = k$outcome, n1i = k$n1i, n2i = k$n2i),
              list(rho = 0.66), vcalc(vi, cluster = study, type = outcome, data = k, rho = 0.66))

n <- dat.knapp2017
n$task.diff <- unlist(lapply(split(n, n$study), function(x) {
  task <- as.integer(factor(x$task)); hard <- as.integer(factor(x$difficulty)); hard[is.na(hard)] <- 1
  paste0(task, ".", hard)}))
R <- matrix(0.4, nrow = 8, ncol = 8); R[5:8, 1:4] <- R[1:4, 5:8] <- 0.28
diag(R[1:4, 5:8]) <- 0.7; diag(R[5:8, 1:4]) <- 0.7; diag(R) <- 1
rownames(R) <- colnames(R) <- paste0(rep(1:2, each = 4), ".", 1:4)
pairs <- which(lower.tri(R), arr.ind = TRUE)
table <- data.frame(one = rownames(R)[pairs[, 1]], two = rownames(R)[pairs[, 2]], r = R[pairs])
five <- block("dat.knapp2017, grp1, grp2, w1, w2, obs",
              list(study_id = n$study, vi = n$vi, group1 = n$group1, group2 = n$group2, n_sz = n$n_sz, n_hc = n$n_hc,
                   task = n$task.diff),
              list(treated = "group1", control = "group2", size_treated = "n_sz", size_control = "n_hc", instrument = "task",
                   rho_within = table),
              vcalc(vi, cluster = study, grp1 = group1, grp2 = group2, w1 = n_sz, w2 = n_hc, obs = task.diff, rho = R, data = n))

f <- dat.fine1993
f <- do.call(rbind, lapply(1:4, function(t) escalc("OR", ai = f[[paste0("e", t, "i")]], n1i = nei, ci = f[[paste0("c", t, "i")]],
  n2i = nci, data = f)[, c("study", "vi")] |> transform(year = t / 2)))
f <- f[!is.na(f$vi), ]; f <- f[order(f$study, f$year), ]
six <- block("dat.fine1993, time1", list(study_id = f$study, vi = as.numeric(f$vi), year = f$year),
             list(time = "year", rho_time = 0.65), vcalc(vi, cluster = study, time1 = year, phi = 0.65, data = f))

w <- data.frame(study = c(1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3), half = c("a", "a", "a", "b", "b", "a", "a", "a", "a", "a", "a"),
  g1 = c("A", "A", "B", "A", "B", "A", "B", "C", "A", "A", "B"), g2 = c("C", "C", "C", "C", "C", "A", "B", "C", "C", "B", "C"),
  t1 = c(1, 2, 2, 1, 1, 2, 2, 3, 2, 1, 1), t2 = c(1, 2, 2, 1, 1, 0, 0, 0, 2, 1, 1), w1 = c(20, 18, 25, 30, 12, 40, 35, 50, 40, 22, 31),
  w2 = c(22, 21, 21, 15, 15, 40, 35, 50, 50, 31, 19), vi = c(0.1, 0.12, 0.09, 0.2, 0.3, 0.05, 0.06, 0.04, 0.08, 0.11, 0.13))
seven <- block("invented: contrasts within and between groups, subgroups, weights",
  list(study_id = w$study, sample_id = w$half, vi = w$vi, treated_id = w$g1, control_id = w$g2, time = w$t1, time_control = w$t2,
       w1 = w$w1, w2 = w$w2), list(rho_time = 0.6),
  vcalc(vi, cluster = study, subgroup = half, grp1 = g1, grp2 = g2, time1 = t1, time2 = t2, w1 = w1, w2 = w2, phi = 0.6, data = w))
write_json(list(one, two, three, four, five, six, seven), "vcalc.json", digits = I(17), auto_unbox = TRUE, na = "null")

bad <- matrix(c(1, 0.9, -0.6, 0.1, 0.9, 1, 0.5, 0.2, -0.6, 0.5, 1, 0.7, 0.1, 0.2, 0.7, 1), 4)
near <- as.matrix(Matrix::nearPD(bad, corr = TRUE, conv.tol = 1e-14, maxit = 10000, do2eigen = FALSE)$mat)
write_json(list(source = "Matrix::nearPD(corr = TRUE), Higham (2002)", version = paste("Matrix", packageVersion("Matrix")),
  matrix = bad, nearest = near), "nearest.json", digits = I(17), auto_unbox = TRUE)

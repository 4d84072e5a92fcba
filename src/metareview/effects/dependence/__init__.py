"""Dependent effects: from what is coded about shared groups, areas, outcomes and times to the sampling covariance matrix.

The model behind every entry: the sampling error of an effect is the error of its treated group less that of its control,

    e_i = s_i,1 * E(group 1, outcome, time) - s_i,2 * E(group 2, outcome, time),    s_i,1^2 + s_i,2^2 = vi,

and two group errors have the correlation rho(outcomes) * rho_time^|times apart| when the groups are the same people or
events, the root of the product of the shared shares when the areas overlap, and 0 otherwise. With the s^2 of a measure
(1/ai + 1/bi for a log odds ratio) this gives the formulas of Gleser & Olkin (2009), The handbook of research synthesis and
meta-analysis (2nd ed.), chapter 19; with s^2 in proportion to 1 / group size it gives the approximations of `vcalc` in the R
package metafor.
"""

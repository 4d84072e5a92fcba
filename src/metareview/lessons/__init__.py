"""What was learned: pooled effects in plain terms, with coded lessons and judged certainty beside them."""

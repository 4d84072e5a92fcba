"""What was read out of studies: forms made from the codebook, checked cell by cell, kept in the journal."""

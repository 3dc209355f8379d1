"""Small changes to the code that its tests have to notice; `make mutants` tries each of them."""

package fault

// TablesOf counts the tables that have a row for a code.
func TablesOf(c Code) (n int) {
	for _, table := range []func(Code) (row, bool){public, operators, inside} {
		if _, known := table(c); known {
			n++
		}
	}
	return n
}

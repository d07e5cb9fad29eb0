package icc

// matrix maps three numbers to three numbers.
type matrix [3][3]float64

// srgb maps linear sRGB to XYZ under D50, as the profile of sRGB says.
func srgb() matrix {
	return matrix{{0.436066, 0.385147, 0.143066}, {0.222488, 0.716873, 0.060608}, {0.013916, 0.097076, 0.714096}}
}

func (m matrix) times(n matrix) (out matrix) {
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				out[i][j] += m[i][k] * n[k][j]
			}
		}
	}
	return out
}

// inverse is for matrices that have one.
func (m matrix) inverse() (out matrix) {
	cofactor := func(i, j int) float64 {
		a, b, c, d := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return m[a][c]*m[b][d] - m[a][d]*m[b][c]
	}
	det := m[0][0]*cofactor(0, 0) + m[0][1]*cofactor(0, 1) + m[0][2]*cofactor(0, 2)
	for i := range 3 {
		for j := range 3 {
			out[j][i] = cofactor(i, j) / det
		}
	}
	return out
}

package operator

// Cost is what the calls to one model of a provider from one region came to on
// a day.
type Cost struct {
	Day      string `json:"day"` // yyyy-mm-dd, in Shanghai
	Provider string `json:"provider"`
	Model    string `json:"model,omitempty"` // "" where none was noted
	Region   string `json:"region,omitempty"`
	Sums
	FenPerPicture *float64 `json:"fenPerPicture,omitempty"` // nil without pictures
}

// Sums are what a number of calls came to.
type Sums struct {
	Attempts    int64 `json:"attempts"`
	OK          int64 `json:"ok"`
	Failed      int64 `json:"failed"`  // and not billed
	Unknown     int64 `json:"unknown"` // may have been billed
	Hedges      int64 `json:"hedges"`
	ChargedFen  int64 `json:"chargedFen"`
	UnknownFen  int64 `json:"unknownFen"`
	ReturnedFen int64 `json:"returnedFen"` // reserved and not spent
	Pictures    int64 `json:"pictures"`    // delivered: of two that were made, people get one
	PictureFen  int64 `json:"pictureFen"`  // what these cost, with all other attempts of their tasks, whoever was asked
}

// SpentFen is what was billed or may have been.
func (s Sums) SpentFen() int64 { return s.ChargedFen + s.UnknownFen }

// PerPicture is what a delivered picture cost, in fen; nil without any.
func (s Sums) PerPicture() *float64 {
	if s.Pictures == 0 {
		return nil
	}
	return new(float64(s.PictureFen) / float64(s.Pictures))
}

// Add adds other sums.
func (s *Sums) Add(o Sums) {
	s.Attempts += o.Attempts
	s.OK += o.OK
	s.Failed += o.Failed
	s.Unknown += o.Unknown
	s.Hedges += o.Hedges
	s.ChargedFen += o.ChargedFen
	s.UnknownFen += o.UnknownFen
	s.ReturnedFen += o.ReturnedFen
	s.Pictures += o.Pictures
	s.PictureFen += o.PictureFen
}

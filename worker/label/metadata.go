package label

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// AIGC is the implicit label of GB 45438: one JSON string with seven keys in
// this order, written by whoever generated the content.
type AIGC struct {
	Label             string `json:"Label"` // "1": is AI-generated
	ContentProducer   string `json:"ContentProducer"`
	ProduceID         string `json:"ProduceID"`
	ReservedCode1     string `json:"ReservedCode1"`
	ContentPropagator string `json:"ContentPropagator"`
	PropagateID       string `json:"PropagateID"`
	ReservedCode2     string `json:"ReservedCode2"`
}

const (
	xmpHeader = "http://ns.adobe.com/xap/1.0/\x00"
	xmpOpen   = "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"><TC260:AIGC>`
	xmpClose   = `</TC260:AIGC></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
	maxSegment = 65533
)

// embed puts the label into a bare JPEG, as its only application segment.
func embed(jpeg []byte, a AIGC) ([]byte, error) {
	if len(jpeg) < 2 || jpeg[0] != 0xff || jpeg[1] != 0xd8 {
		return nil, errors.New("label: not a JPEG")
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a); err != nil {
		return nil, fmt.Errorf("label: encode metadata: %w", err)
	}
	var body bytes.Buffer
	body.WriteString(xmpHeader + xmpOpen)
	if err := xml.EscapeText(&body, bytes.TrimSpace(text.Bytes())); err != nil {
		return nil, fmt.Errorf("label: escape metadata: %w", err)
	}
	body.WriteString(xmpClose)
	if body.Len() > maxSegment {
		return nil, errors.New("label: metadata too long")
	}
	out := make([]byte, 0, len(jpeg)+body.Len()+4)
	out = append(out, 0xff, 0xd8, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(body.Len()+2))
	out = append(out, body.Bytes()...)
	return append(out, jpeg[2:]...), nil
}

// Read finds the implicit label of a JPEG. It fails when there is none, more
// than one, or one that does not say all it must.
func Read(jpeg []byte) (AIGC, error) {
	var found []string
	for i := 2; i+4 <= len(jpeg) && jpeg[i] == 0xff && jpeg[i+1] != 0xda; {
		n := int(binary.BigEndian.Uint16(jpeg[i+2:]))
		if n < 2 || i+2+n > len(jpeg) {
			break
		}
		body := string(jpeg[i+4 : i+2+n])
		if packet, ok := strings.CutPrefix(body, xmpHeader); ok && jpeg[i+1] == 0xe1 {
			found = append(found, labels(packet)...)
		}
		i += 2 + n
	}
	if len(found) != 1 {
		return AIGC{}, fmt.Errorf("label: %d metadata labels, want one", len(found))
	}
	var a AIGC
	if err := json.Unmarshal([]byte(found[0]), &a); err != nil {
		return AIGC{}, fmt.Errorf("label: metadata: %w", err)
	}
	if a.Label != "1" || a.ContentProducer == "" || a.ProduceID == "" {
		return AIGC{}, errors.New("label: metadata lacks label, producer or number")
	}
	return a, nil
}

// labels are the texts of all TC260 AIGC elements of a packet.
func labels(packet string) []string {
	var out []string
	dec := xml.NewDecoder(strings.NewReader(packet))
	for {
		tok, err := dec.Token()
		if err != nil {
			return out
		}
		start, ok := tok.(xml.StartElement)
		if !ok || start.Name.Space != "http://www.tc260.org.cn/ns/AIGC/1.0/" || start.Name.Local != "AIGC" {
			continue
		}
		var text string
		if err := dec.DecodeElement(&text, &start); err != nil {
			return out
		}
		out = append(out, text)
	}
}

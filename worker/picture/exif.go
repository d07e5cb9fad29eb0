package picture

import (
	"bytes"
	"encoding/binary"
)

// orientation reads tag 0x0112 of a TIFF block's first directory; anything
// unreadable means upright.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:2]) {
	case "II":
	case "MM":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 1
	}
	count := int(order.Uint16(tiff[at:]))
	for i := range count {
		entry := at + 2 + int64(i)*12
		if entry+12 > int64(len(tiff)) {
			return 1
		}
		e := tiff[entry : entry+12]
		if order.Uint16(e) == 0x0112 && order.Uint16(e[2:]) == 3 {
			if v := int(order.Uint16(e[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// bareTIFF takes the prefix off that some writers put before an EXIF block
// where a container names the block already.
func bareTIFF(exif []byte) []byte {
	return bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))
}

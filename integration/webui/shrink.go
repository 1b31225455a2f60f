package webui

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// mostBytes bounds a picture in docs/images.
const mostBytes = 150 << 10

// shrink encodes a picture again, with a palette of 256 colours where it has no more, and each
// channel in steps of 8 where it has: texts and lines look the same, and it takes a third.
func shrink(picture []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	for _, step := range []uint8{1, 8, 16, 32, 64} {
		if small := paletted(img, step); small != nil {
			var out bytes.Buffer
			if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small); err != nil {
				return nil, fmt.Errorf("write the picture: %w", err)
			}
			return out.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("shrink a picture of %d bytes: too many colours", len(picture))
}

// paletted is the picture in colours of that step, or nil where these are too many.
func paletted(img image.Image, step uint8) image.Image {
	bounds := img.Bounds()
	out := image.NewPaletted(bounds, nil)
	index := map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			c := color.RGBA{round(r, step), round(g, step), round(b, step), 255}
			i, known := index[c]
			if !known {
				if len(out.Palette) == 256 {
					return nil
				}
				i = uint8(len(out.Palette))
				index[c] = i
				out.Palette = append(out.Palette, c)
			}
			out.Pix[out.PixOffset(x, y)] = i
		}
	}
	return out
}

// round is the middle of a channel's step; white stays white.
func round(v uint32, step uint8) uint8 {
	c := uint8(v >> 8)
	if step == 1 || c >= 255-step/2 {
		return c | (step - 1)
	}
	return c/step*step + step/2
}

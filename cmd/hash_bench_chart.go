package cmd

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
)

const (
	chartWidth  = 520.0
	chartHeight = 360.0
	chartLeft   = 70.0
	chartTop    = 50.0
	plotWidth   = 410.0
	plotHeight  = 240.0
)

// point is a value of a series.
type point struct{ x, y float64 }

// series is a line, or loose points, of one colour.
type series struct {
	name   string
	points []point
	line   bool
}

// plot is one chart. The axes begin at zero.
type plot struct {
	title, x, y string
	series      []series
}

// chart draws latency over concurrency, a line for each cost, and throughput over memory.
// It is an SVG of its own, on white, for any page.
func (b *bench) chart() []byte {
	latency := plot{title: "Latency, p95", x: "hashes at once", y: "ms"}
	throughput := plot{title: "Throughput, all workers busy", x: "memory of a hash, MiB", y: "hashes a second"}
	for _, p := range b.costs() {
		of := series{name: p.String(), line: true}
		if b.doubtful(p) {
			of.name += " (unreliable)"
		}
		var at []point
		seen := map[int]bool{}
		for _, r := range slices.Concat(b.solved, b.results) {
			if r.Params != p || seen[r.Concurrency] { // a candidate may have been measured before
				continue
			}
			seen[r.Concurrency] = true
			of.points = append(of.points, point{float64(r.Concurrency), float64(r.Percentile(95).Microseconds()) / 1000})
			if r.Concurrency == b.goal.Workers {
				at = append(at, point{float64(p.Memory) / 1024, r.HashesPerSecond})
			}
		}
		slices.SortFunc(of.points, func(a, b point) int { return cmp.Compare(a.x, b.x) })
		if len(of.points) > 0 {
			latency.series = append(latency.series, of)
			throughput.series = append(throughput.series, series{name: p.String(), points: at})
		}
	}
	var out bytes.Buffer
	legend := 24.0 + 18*math.Ceil(float64(len(latency.series))/4)
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", 2*chartWidth, chartHeight+legend)
	fmt.Fprintf(&out, `<rect width="100%%" height="100%%" fill="#ffffff"/>`+"\n")
	latency.draw(&out, 0)
	throughput.draw(&out, chartWidth)
	for i, s := range latency.series {
		x, y := 40+float64(i%4)*250, chartHeight+12+18*float64(i/4)
		fmt.Fprintf(&out, `<rect x="%.1f" y="%.1f" width="12" height="12" fill="%s"/><text x="%.1f" y="%.1f" fill="#222">%s</text>`+"\n", x, y, colour(i), x+18, y+10, html.EscapeString(s.name))
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// colour returns the i-th of eight colours that colour-blind people can distinguish too (Okabe
// and Ito). After the eighth it starts again.
func colour(i int) string {
	colours := [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c6d31"}
	return colours[i%len(colours)]
}

func (p plot) draw(out *bytes.Buffer, left float64) {
	mostX, mostY := 0.0, 0.0
	for _, s := range p.series {
		for _, at := range s.points {
			mostX, mostY = max(mostX, at.x), max(mostY, at.y)
		}
	}
	stepX, stepY := step(mostX), step(mostY)
	mostX, mostY = math.Ceil(mostX/stepX)*stepX, math.Ceil(mostY/stepY)*stepY
	place := func(at point) (x, y float64) {
		return left + chartLeft + at.x/mostX*plotWidth, chartTop + plotHeight - at.y/mostY*plotHeight
	}
	fmt.Fprintf(out, `<text x="%.1f" y="28" font-size="16" fill="#222">%s</text>`+"\n", left+chartLeft, p.title)
	for v := 0.0; v <= mostY+stepY/2; v += stepY {
		x, y := place(point{0, v})
		fmt.Fprintf(out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end" fill="#444">%g</text>`+"\n", x, y, x+plotWidth, y, x-8, y+4, v)
	}
	for v := 0.0; v <= mostX+stepX/2; v += stepX {
		x, y := place(point{v, 0})
		fmt.Fprintf(out, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#444"/><text x="%.1f" y="%.1f" text-anchor="middle" fill="#444">%g</text>`+"\n", x, y, x, y+5, x, y+20, v)
	}
	fmt.Fprintf(out, `<text x="%.1f" y="%.1f" text-anchor="middle" fill="#222">%s</text>`+"\n", left+chartLeft+plotWidth/2, chartTop+plotHeight+42, p.x)
	fmt.Fprintf(out, `<text x="%.1f" y="%.1f" fill="#222">%s</text>`+"\n", left+14, chartTop-6, p.y)
	for i, s := range p.series {
		path := ""
		for n, at := range s.points {
			x, y := place(at)
			path += fmt.Sprintf("%s%.1f,%.1f", map[bool]string{true: "M", false: "L"}[n == 0], x, y)
			fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`+"\n", x, y, colour(i))
		}
		if s.line {
			fmt.Fprintf(out, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", path, colour(i))
		}
	}
}

// step returns a round distance between about five marks on an axis.
func step(most float64) float64 {
	if most <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(most/5)))
	for _, f := range []float64{1, 2, 5, 10} {
		if most/(unit*f) <= 6 {
			return max(unit*f, 1)
		}
	}
	return max(unit*10, 1)
}

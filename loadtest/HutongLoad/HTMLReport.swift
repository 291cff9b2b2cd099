// The report as one page that needs nothing beside it: the table, and four plots as inline SVG.

import Foundation

struct HTMLReport {
    let report: LoadReport

    var text: String {
        let figures = report.figures
        let verdict =
            figures.isMeasurement
            ? ""
            : "<p class=warning>Not a measurement of the server: "
                + "\(escape(figures.reasons.joined(separator: "; ")))</p>"
        let joins = report.joins.map { (x: $0.at / 1_000, y: $0.took) }
        let delays = report.delayDistribution.map { (x: $0.percentile, y: $0.milliseconds) }
        let loss = report.samples.map { (x: $0.seconds, y: $0.lossRatio * 100) }
        let server = report.samples.compactMap { sample in sample.serverCPU.map { (x: sample.seconds, y: $0 * 100) } }
        let client = report.samples.map { (x: $0.seconds, y: $0.clientCPU * 100) }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>hutong-load \(escape(figures.scenario))</title>
            <style>
            body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 60em; color: #222 }
            pre { background: #f5f5f5; padding: 1em; overflow-x: auto }
            figure { margin: 2em 0 } figcaption { font-weight: 600; margin-bottom: .5em }
            .warning { background: #fff0e0; border-left: 4px solid #d60; padding: .5em 1em }
            svg text { font: 11px system-ui, sans-serif; fill: #555 }
            </style></head><body>
            <h1>\(escape(figures.scenario)), \(figures.participants) participants</h1>
            \(verdict)
            <pre>\(escape(report.table))</pre>
            \(plot("Join time, ms, over the seconds at which it began", [Curve(joins, "#06c", isDots: true)]))
            \(plot("One-way delay, ms, by percentile", [Curve(delays, "#06c")]))
            \(plot("Loss, %, over seconds", [Curve(loss, "#c30")]))
            \(plot("CPU, % of a core, over seconds: server blue, client grey",
                [Curve(server, "#06c"), Curve(client, "#999")]))
            </body></html>

            """
    }

    private struct Curve {
        let points: [(x: Double, y: Double)]
        let color: String
        let isDots: Bool
        init(_ points: [(x: Double, y: Double)], _ color: String, isDots: Bool = false) {
            self.points = points
            self.color = color
            self.isDots = isDots
        }
    }

    // Of the drawing, in pixels.
    private static let width = 760.0
    private static let height = 220.0
    private static let left = 60.0
    private static let bottom = 30.0

    private func plot(_ title: String, _ curves: [Curve]) -> String {
        let points = curves.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
        guard let least = points.map(\.x).min(), let most = points.map(\.x).max() else {
            return "<figure><figcaption>\(escape(title))</figcaption>nothing was measured</figure>"
        }
        let span = max(most - least, 1e-9)
        let top = max(points.map(\.y).max() ?? 0, 1e-3) * 1.05
        func place(_ point: (x: Double, y: Double)) -> (String, String) {
            let x = Self.left + (point.x - least) / span * (Self.width - Self.left - 10)
            let y = (Self.height - Self.bottom) * (1 - point.y / top)
            return (String(format: "%.1f", x), String(format: "%.1f", y))
        }
        var marks = ""
        for curve in curves {
            if curve.isDots {
                for point in curve.points {
                    let (x, y) = place(point)
                    marks += "<circle cx=\"\(x)\" cy=\"\(y)\" r=\"2\" fill=\"\(curve.color)\"/>"
                }
            } else {
                let line = curve.points.map(place).map { "\($0.0),\($0.1)" }.joined(separator: " ")
                marks += "<polyline points=\"\(line)\" fill=\"none\" stroke=\"\(curve.color)\" stroke-width=\"1.5\"/>"
            }
        }
        let floor = Self.height - Self.bottom
        for share in [0.0, 0.5, 1.0] {
            let y = floor * (1 - share)
            marks += """
                <line x1="\(Self.left)" x2="\(Self.width)" y1="\(y)" y2="\(y)" stroke="#ddd"/>\
                <text x="\(Self.left - 6)" y="\(y + 4)" text-anchor="end">\(number(top * share))</text>\
                <text x="\(Self.left + share * (Self.width - Self.left - 10))" y="\(floor + 18)" \
                text-anchor="middle">\(number(least + span * share))</text>
                """
        }
        return """
            <figure><figcaption>\(escape(title))</figcaption>\
            <svg viewBox="0 -8 \(Self.width + 10) \(Self.height + 8)" width="100%">\(marks)</svg></figure>
            """
    }

    private func number(_ value: Double) -> String { String(format: abs(value) >= 100 ? "%.0f" : "%.2f", value) }

    private func escape(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

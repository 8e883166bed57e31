#include "bank/program/chart.hpp"

#include "bank/domain/calendar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bank {

std::string xml_escape(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&': escaped += "&amp;"; break;
            case '<': escaped += "&lt;"; break;
            case '>': escaped += "&gt;"; break;
            case '"': escaped += "&quot;"; break;
            case '\'': escaped += "&apos;"; break;
            case '\t':
            case '\n':
            case '\r': escaped += c; break;
            default: escaped += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
        }
    }
    return escaped;
}

money axis_step(money largest, int steps) {
    // Rounded up.
    const money wanted = largest / steps + (largest % steps != 0 ? 1 : 0);
    money power = 1;
    while (power <= wanted / 10) power *= 10;
    for (const money times : {1, 2, 5})
        if (power * times >= wanted) return power * times;
    return power * 10;
}

namespace {

constexpr double width = 900;
constexpr double height = 420;
constexpr double left = 110;
constexpr double right = 20;
constexpr double top = 64;
constexpr double bottom = 48;
constexpr double plot_width = width - left - right;
constexpr double plot_height = height - top - bottom;

constexpr auto ink_in = "#2a7f62";
constexpr auto ink_out = "#c8553d";

// Every month from the first to the last, including those without transactions.
std::vector<month_turnover> without_gaps(const std::vector<month_turnover>& months) {
    std::vector<month_turnover> all;
    for (const auto& month : months) {
        while (!all.empty()) {
            auto next = months_after(all.back().month + "-01", 1).substr(0, 7);
            if (next >= month.month) break;
            all.push_back({.month = std::move(next)});
        }
        all.push_back(month);
    }
    return all;
}

class drawing {
public:
    drawing(std::vector<month_turnover> months, std::string_view title) : months_(std::move(months)) {
        money largest = 1;
        for (const auto& month : months_) largest = std::max({largest, month.credited, -month.debited});
        step_ = axis_step(largest, 5);
        steps_ = largest / step_ + (largest % step_ != 0 ? 1 : 0);

        svg_ = fmt::format(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
            "font-family=\"sans-serif\" font-size=\"12\">\n"
            "<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
            width, height);
        text(left, 26, "start", title, " font-size=\"16\" font-weight=\"bold\"");
    }

    std::string finish() && {
        draw_legend();
        draw_amounts();
        draw_months();
        return std::move(svg_) + "</svg>\n";
    }

private:
    void text(double x, double y, std::string_view anchor, std::string_view words, std::string_view style = "") {
        svg_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, style,
                            xml_escape(words));
    }
    void rectangle(double x, double y, double w, double h, std::string_view fill, std::string_view tip = "") {
        svg_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"", x, y, w,
                            h, fill);
        svg_ += tip.empty() ? "/>\n" : fmt::format("><title>{}</title></rect>\n", xml_escape(tip));
    }

    void draw_legend() {
        rectangle(left, 38, 10, 10, ink_in);
        text(left + 16, 47, "start", "in");
        rectangle(left + 50, 38, 10, 10, ink_out);
        text(left + 66, 47, "start", "out");
    }

    [[nodiscard]] double height_of(money amount) const {
        return static_cast<double>(amount) / static_cast<double>(step_) / static_cast<double>(steps_) * plot_height;
    }

    void draw_amounts() {
        for (money i = 0; i <= steps_; ++i) {
            const auto y = height - bottom - plot_height * static_cast<double>(i) / static_cast<double>(steps_);
            svg_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", left,
                                y, width - right, y, i == 0 ? "#333333" : "#dddddd");
            money amount = 0;
            if (!__builtin_mul_overflow(i, step_, &amount)) text(left - 8, y + 4, "end", format_money(amount));
        }
    }

    // Two bars for each month, and as many names of months as fit.
    void draw_months() {
        constexpr double room_for_name = 58;
        const double slot = plot_width / static_cast<double>(std::max<std::size_t>(months_.size(), 1));
        const auto every = static_cast<std::size_t>(room_for_name / slot) + 1;
        const double bar = slot * 0.38;
        for (std::size_t i = 0; i < months_.size(); ++i) {
            const auto& month = months_[i];
            const double middle = left + slot * (static_cast<double>(i) + 0.5);
            draw_bar(middle - bar, bar, month.credited, ink_in, month.month + " in: ");
            draw_bar(middle, bar, -month.debited, ink_out, month.month + " out: ");
            if (i % every == 0) text(middle, height - bottom + 18, "middle", month.month);
        }
    }

    void draw_bar(double x, double bar_width, money amount, std::string_view fill, const std::string& tip) {
        if (amount == 0) return;
        const auto bar_height = height_of(amount);
        rectangle(x, height - bottom - bar_height, bar_width, bar_height, fill, tip + format_money(amount));
    }

    std::vector<month_turnover> months_;
    money step_ = 1;
    money steps_ = 1;  // how many are on the axis
    std::string svg_;
};

}  // namespace

std::string turnover_svg(const std::vector<month_turnover>& months, std::string_view title) {
    return drawing(without_gaps(months), title).finish();
}

}  // namespace bank

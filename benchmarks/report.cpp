#include "benchmarks/report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <stdexcept>

namespace bench {
namespace {

// 92345 as "92 300": three digits say all that a shared machine can.
std::string rounded(double figure) {
    if (figure < 100) return fmt::format("{:.3g}", figure);
    const double unit = std::pow(10, std::floor(std::log10(figure)) - 2);
    auto digits = fmt::format("{:.0f}", std::round(figure / unit) * unit);
    for (auto at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
        digits.insert(static_cast<std::size_t>(at), 1, ' ');
    return digits;
}

std::string ratio(double figure) {
    if (figure < 0.1) return fmt::format("{:.2g}", figure);
    return figure < 10 ? fmt::format("{:.2f}", figure) : fmt::format("{:.1f}", figure);
}

}  // namespace

void report::add(const comparison& what) {
    const auto measured = spread_of(what.measured_rates).median;
    const auto against = spread_of(what.against_rates).median;
    const auto [least, median, most] = spread_of(pairwise_ratios(what.measured_rates, what.against_rates));
    add(what.name, median);
    rows_.push_back(fmt::format("| {} | {}: {} {} | {}: {} {} | **{}** | {} – {} |", what.name, what.measured,
                                rounded(measured), what.unit, what.against, rounded(against), what.unit, ratio(median),
                                ratio(least), ratio(most)));
}

void report::add(const std::string& name, double figure) {
    if (!std::isfinite(figure)) throw std::runtime_error(fmt::format("{}: the figure is not a number", name));
    figures_[name] = figure;
}

void report::add_row(const std::string& name, double figure, const std::string& unit) {
    add(name, figure);
    rows_.push_back(fmt::format("| {} | {} {} | | | |", name, rounded(figure), unit));
}

std::string report::table() const {
    std::string text =
        "| metric | measured | against | ratio | of all rounds |\n"
        "|---|---|---|---|---|\n";
    for (const auto& row : rows_) text += row + '\n';
    return text;
}

std::string report::json() const {
    std::string text = "{";
    for (const auto& [name, figure] : figures_)
        text += fmt::format("{}\n  \"{}\": {:.6g}", text.size() == 1 ? "" : ",", name, figure);
    return text + "\n}\n";
}

void write_file(const std::filesystem::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary);
    out << text;
    out.close();
    if (!out) throw std::runtime_error(fmt::format("{}: cannot be written", file.string()));
}

}  // namespace bench

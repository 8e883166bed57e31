#pragma once

#include "bank/read/daily_turnover.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// A chart of what went in and out in each month, as a complete SVG document.
/// Missing months (without transactions) have no bars, but keep their place.
std::string turnover_svg(const std::vector<month_turnover>& months, std::string_view title);

/// Escapes a text for an XML document, between tags or in attributes. Characters that XML does not allow (control
/// characters except tab and line ends) become "?".
std::string xml_escape(std::string_view text);

/// The step of an axis: a round number (1, 2 or 5 times a power of ten) of at least `largest` / `steps`. At least 1.
money axis_step(money largest, int steps);

}  // namespace bank

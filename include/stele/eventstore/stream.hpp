#pragma once

#include <compare>
#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace stele::inline v0 {

/// The longest stream name, in bytes.
inline constexpr std::size_t max_stream_name_bytes = 512;

/// The category of the store's own records; appending to it is refused.
inline constexpr std::string_view system_category = "stele";

/// Returns the part of a stream name before the first '-', or all of it if there is none.
constexpr std::string_view category_of(std::string_view stream_name) {
    return stream_name.substr(0, stream_name.find('-'));
}

/// Returns the part of a stream name after the first '-', or nothing if there is none.
constexpr std::string_view instance_id_of(std::string_view stream_name) {
    const auto dash = stream_name.find('-');
    return dash == std::string_view::npos ? std::string_view{} : stream_name.substr(dash + 1);
}

// The views would outlive their text.
template <std::same_as<std::string> Text>
void category_of(Text&& stream_name) = delete;
template <std::same_as<std::string> Text>
void instance_id_of(Text&& stream_name) = delete;

/// The name of a stream: all events of one aggregate instance, `category-id`, for example "account-42".
///
/// The category is the part before the first '-', so a category never contains one; an id may.
/// A value of this type is always valid: 1 to 512 bytes of UTF-8 without control characters, with a category.
/// One that was moved from is empty, and stores refuse it.
class stream_id {
public:
    /// Throws stele::error (invalid_argument) that says what is wrong with the name.
    explicit stream_id(std::string name);
    /// Joins `category` and `id` with '-'. Throws as above, and if the category contains '-' or either is empty.
    stream_id(std::string_view category, std::string_view id);

    /// The whole name.
    [[nodiscard]] const std::string& str() const& noexcept { return name_; }
    [[nodiscard]] std::string str() && noexcept { return std::move(name_); }  ///< By value, of a temporary.
    /// The part before the first '-'.
    [[nodiscard]] std::string_view category() const& noexcept { return category_of(name_); }
    void category() const&& = delete;
    /// The part after the first '-'; empty if there is none.
    [[nodiscard]] std::string_view instance_id() const& noexcept { return instance_id_of(name_); }
    void instance_id() const&& = delete;

    friend auto operator<=>(const stream_id&, const stream_id&) = default;

private:
    std::string name_;
};

}  // namespace stele::inline v0

template <>
struct std::hash<stele::stream_id> {
    std::size_t operator()(const stele::stream_id& s) const noexcept { return std::hash<std::string>{}(s.str()); }
};

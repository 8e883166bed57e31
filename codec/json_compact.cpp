// A reader of JSON that says only whether it is JSON: Protobuf's takes what others refuse (texts in single quotes, a
// comma at the end, names without quotes), and changes numbers that a double cannot hold.

#include "codec/json_compact.hpp"

#include <stele/eventstore/detail/utf8.hpp>

#include <cstddef>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t most_depth = 100;  // as in messages

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

class json_reader {
public:
    explicit json_reader(std::string_view text) : rest_(text) { compact_.reserve(text.size()); }

    std::optional<std::string> run() {
        if (!value(0)) return std::nullopt;
        skip_blanks();
        if (!rest_.empty()) return std::nullopt;
        return std::move(compact_);
    }

private:
    [[nodiscard]] char next() const { return rest_.empty() ? '\0' : rest_.front(); }

    void skip_blanks() {
        while (!rest_.empty() && std::string_view(" \t\r\n").contains(rest_.front())) rest_.remove_prefix(1);
    }

    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        compact_ += c;
        rest_.remove_prefix(1);
        return true;
    }

    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) return false;
        compact_ += word;
        rest_.remove_prefix(word.size());
        return true;
    }

    bool take_mark(char c) {
        skip_blanks();
        return take(c);
    }

    bool value(std::size_t depth) {
        if (depth > most_depth) return false;
        skip_blanks();
        switch (next()) {
            case '{':
                return elements('{', '}', [&] { return text_after_blanks() && take_mark(':') && value(depth + 1); });
            case '[': return elements('[', ']', [&] { return value(depth + 1); });
            case '"': return text();
            case 't': return take("true");
            case 'f': return take("false");
            case 'n': return take("null");
            default: return number();
        }
    }

    template <class Element>
    bool elements(char begin, char end, const Element& element) {
        take(begin);
        if (take_mark(end)) return true;
        do {
            if (!element()) return false;
        } while (take_mark(','));
        return take_mark(end);
    }

    bool text_after_blanks() {
        skip_blanks();
        return text();
    }

    bool text() {
        if (!take('"')) return false;
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (static_cast<unsigned char>(c) < 0x20) return false;
            take(c);
            if (c == '"') return true;
            if (c == '\\' && !escape()) return false;
        }
        return false;
    }

    bool escape() {
        if (!take('u')) return std::string_view("\"\\/bfnrt").contains(next()) && take(next());
        for (int i = 0; i < 4; ++i)
            if (!std::string_view("0123456789abcdefABCDEF").contains(next()) || !take(next())) return false;
        return true;
    }

    bool digits() {
        if (!is_digit(next())) return false;
        while (is_digit(next())) take(next());
        return true;
    }

    bool number() {
        take('-');
        if (!take('0') && !digits()) return false;
        if (take('.') && !digits()) return false;
        if (take('e') || take('E')) {
            if (!take('+')) take('-');
            return digits();
        }
        return true;
    }

    std::string_view rest_;
    std::string compact_;
};

}  // namespace

std::optional<std::string> compact_json(std::string_view text) {
    if (!is_utf8(text)) return std::nullopt;
    return json_reader(text).run();
}

}  // namespace stele::inline v0::detail

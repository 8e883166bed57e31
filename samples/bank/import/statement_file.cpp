#include "bank/import/statement_file.hpp"

#include "bank/domain/calendar.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <unordered_map>

namespace bank {
namespace {

constexpr std::array<std::string_view, 6> field_names{"account", "date", "transaction", "kind", "amount", "balance"};
using fields = std::array<std::string_view, field_names.size()>;

// Why a row is refused: the field, and what is wrong with it.
struct problem {
    std::string_view field;
    std::string text;
};

// For error messages: shortened, on one line, in quotes.
std::string in_quotes(std::string_view text) {
    constexpr std::size_t enough = 40;
    return text.size() <= enough ? fmt::format("{:?}", text) : fmt::format("{:?}…", text.substr(0, enough));
}

std::optional<problem> split(std::string_view line, fields& into) {
    std::size_t count = 0;
    for (std::size_t begin = 0; begin <= line.size(); ++count) {
        const auto end = std::min(line.find(',', begin), line.size());
        if (count < into.size()) into[count] = line.substr(begin, end - begin);
        begin = end + 1;
    }
    if (count == into.size()) return std::nullopt;
    return problem{field_names[std::min(count, into.size() - 1)],
                   fmt::format("a row has {} fields, this one has {}", into.size(), count)};
}

std::optional<problem> read_number(std::string_view field, std::string_view text, money& into) {
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), into);
    const bool whole = end == text.data() + text.size();
    if (whole && failed == std::errc{} && into != std::numeric_limits<money>::min()) return std::nullopt;
    // The smallest number is treated as too large, because it has no positive counterpart.
    const bool too_large = whole && failed != std::errc::invalid_argument;
    return problem{field, in_quotes(text) + (too_large ? " is too large" : " is not a whole number")};
}

// Account numbers and transaction ids: digits only, so that stream names and terminals need no escaping.
bool is_identifier(std::string_view text) {
    return !text.empty() && text.size() <= 32 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

class row_reader {
public:
    // Returns the row, or what is wrong with it. Also compares it with the rows before it.
    std::expected<statement_row, problem> read(std::size_t line, std::string_view text) {
        fields field;
        if (const auto bad = split(text, field)) return std::unexpected(*bad);
        const auto& [account, date, transaction, kind, amount, balance] = field;

        statement_row row{line, std::string(account), std::string(date), std::string(transaction), find_kind(kind)};
        if (!is_identifier(account)) return refuse("account", in_quotes(account) + " is not an account number");
        if (!is_date(date)) return refuse("date", in_quotes(date) + " is not a date (YYYY-MM-DD)");
        if (row.date < last_date_)
            return refuse("date", fmt::format("{} is before {}, the date of the row above", row.date, last_date_));
        if (!is_identifier(transaction)) return refuse("transaction", in_quotes(transaction) + " is not a number");
        if (row.kind == nullptr) return refuse("kind", in_quotes(kind) + " is not a known kind of transaction");
        if (const auto bad = read_number("amount", amount, row.amount)) return std::unexpected(*bad);
        if (row.amount == 0) return refuse("amount", "the amount of a transaction cannot be 0");
        if (row.kind->credits() != (row.amount > 0))
            return refuse("amount", fmt::format("a {} {} the account, so {} has the wrong sign", kind,
                                                row.kind->credits() ? "credits" : "debits", row.amount));
        if (const auto bad = read_number("balance", balance, row.balance)) return std::unexpected(*bad);
        const auto [seen, fresh] = line_of_.try_emplace(row.transaction, line);
        if (!fresh) return refuse("transaction", fmt::format("{} is already on line {}", transaction, seen->second));

        last_date_ = row.date;
        return row;
    }

private:
    static std::unexpected<problem> refuse(std::string_view field, std::string text) {
        return std::unexpected(problem{field, std::move(text)});
    }

    std::string last_date_;
    std::unordered_map<std::string, std::size_t> line_of_;
};

// Far longer than any row. A file without line ends is not read into memory.
constexpr std::size_t longest_line = 4096;

// A line without its end, "\n" or "\r\n"; of one that is too long, its beginning.
bool next_line(std::istream& in, std::string& line) {
    std::array<char, longest_line + 1> text{};
    in.getline(text.data(), text.size());
    line.assign(text.data(), static_cast<std::size_t>(in.gcount()));
    if (in.bad() || line.empty()) return false;
    if (!in.eof() && !in.fail()) line.pop_back();  // the end of the line, which gcount() includes
    if (line.ends_with('\r')) line.pop_back();
    return true;
}

}  // namespace

std::expected<statement_file, malformed_statement> read_statement_file(const std::filesystem::path& path) {
    const auto refuse = [&path]<typename... Args>(fmt::format_string<Args...> text, Args&&... args) {
        return std::unexpected(malformed_statement{path.string() + fmt::format(text, std::forward<Args>(args)...)});
    };
    if (std::error_code ignored; std::filesystem::is_directory(path, ignored))
        return refuse(": is a directory, not a statement file");
    std::ifstream in(path, std::ios::binary);
    if (!in) return refuse(": cannot be read");

    std::string line;
    if (!next_line(in, line) || line != statement_header)
        return refuse(":1: header: a statement begins with \"{}\", this file begins with {}", statement_header,
                      in_quotes(line));

    statement_file file{path, {}};
    row_reader reader;
    for (std::size_t number = 2; next_line(in, line); ++number) {
        if (line.size() >= longest_line)
            return refuse(":{}: account: the line is longer than {} bytes", number, longest_line);
        auto row = reader.read(number, line);
        if (!row) return refuse(":{}: {}: {}", number, row.error().field, row.error().text);
        file.rows.push_back(*std::move(row));
    }
    if (in.bad()) return refuse(": reading failed after line {}", file.rows.size() + 1);
    if (file.rows.empty()) return refuse(":2: account: the file ends where its first row should be");
    return file;
}

std::vector<std::vector<const statement_row*>> rows_by_account(const statement_file& file) {
    std::vector<std::vector<const statement_row*>> accounts;
    std::unordered_map<std::string_view, std::size_t> index;
    for (const auto& row : file.rows) {
        const auto [found, fresh] = index.try_emplace(row.account, accounts.size());
        if (fresh) accounts.emplace_back();
        accounts[found->second].push_back(&row);
    }
    return accounts;
}

std::string to_csv(const statement_row& row) {
    return fmt::format("{},{},{},{},{},{}", row.account, row.date, row.transaction, row.kind->name, row.amount,
                       row.balance);
}

}  // namespace bank

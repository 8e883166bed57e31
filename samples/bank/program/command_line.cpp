#include "bank/program/command_line.hpp"

#include "bank/program/grammar.hpp"

#include <fmt/format.h>

#include <exception>

namespace bank {

int run_bank(std::span<const std::string> arguments, std::FILE* out, std::FILE* err) {
    request request{.out = out};
    grammar grammar(request);
    if (arguments.empty()) {
        std::fputs(grammar.help().c_str(), err);
        return not_understood;
    }
    try {
        return (request.*grammar.parse(arguments))();
    } catch (const CLI::ParseError& error) {
        return grammar.explain(error, out, err);
    } catch (const std::exception& error) {
        fmt::print(err, "bank: {}\n", error.what());
        return no;
    }
}

}  // namespace bank

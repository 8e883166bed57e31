// A statement file of the bank: read, written and read again with the same result, or refused with the line.

#include "bank/import/statement_file.hpp"
#include "support/temp_dir.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

std::filesystem::path write(const std::filesystem::path& file, std::string_view text) {
    std::ofstream(file, std::ios::binary | std::ios::trunc)
        .write(text.data(), static_cast<std::streamsize>(text.size()));
    return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const temp_dir directory;
    const auto read =
        bank::read_statement_file(write(directory / "given.csv", {reinterpret_cast<const char*>(data), size}));
    if (!read) {
        if (read.error().message.find("given.csv") == std::string::npos) std::abort();
        return 0;
    }
    std::string text = std::string(bank::statement_header) + "\n";
    for (const auto& row : read->rows) text += bank::to_csv(row) + "\n";
    const auto again = bank::read_statement_file(write(directory / "again.csv", text));
    if (!again || again->rows.size() != read->rows.size()) std::abort();
    return 0;
}

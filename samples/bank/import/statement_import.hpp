#pragma once

#include "bank/import/reconciliation.hpp"
#include "bank/import/send_statement.hpp"
#include "bank/storage/bank_directory.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace bank {

struct import_result {
    std::vector<refused_row> refused;  ///< in the order of the file
    stele::position events;            ///< how many events were recorded
    double seconds = 0;                ///< how long sending took
    reconciliation reconciled;
};

/// Creates a bank in a directory from a statement file: reads the file, sends it, reconciles it.
///
/// The bank appears in the directory only when all of that is done. The next import discards what an interrupted one
/// left. Throws refusal, without writing anything, if the file is malformed, the directory already holds a bank, or
/// another process is importing into it.
import_result import_statement(const std::filesystem::path& statement, const bank_directory& directory,
                               const import_options& options);

/// The result in lines for people. The last line is that of reconciliation::str().
std::string describe(const import_result& result, const std::filesystem::path& statement);

}  // namespace bank

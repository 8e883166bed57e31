#pragma once

#include "support/upgrade/upgrades.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace testing {

/// Old files that can be put back as they were, to be upgraded again and again while something fails.
class upgrade_case {
public:
    /// `fill` fills a store; its log is left beside it, as after a kill.
    explicit upgrade_case(const std::function<void(old_store_writer&)>& fill) {
        const temp_dir other;
        old_store_writer store(other / "bank.db");
        fill(store);
        for (const auto* const suffix : {"", "-wal"})
            before_[file_ + suffix] = bytes_of((other / "bank.db").string() + suffix);
        text_ = contents(other / "bank.db");
    }

    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] std::string kept() const { return file_ + ".format-1"; }
    [[nodiscard]] const std::map<std::string, std::string>& before() const { return before_; }

    void put_back() const { put(before_); }
    /// Lets the directory hold these files and no others.
    void put(const std::map<std::string, std::string>& files) const {
        for (const auto& each : std::filesystem::directory_iterator(directory_.path)) std::filesystem::remove_all(each);
        for (const auto& [name, bytes] : files) {
            std::ofstream out(name, std::ios::binary);
            out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        }
    }

    /// What is wrong with what an upgrade that did not end has left, or nothing: the name means a whole store.
    [[nodiscard]] std::string problem_after_kill() const {
        const temp_dir other;
        for (const auto* const suffix : {"", "-wal"})
            if (std::filesystem::exists(file_ + suffix))
                std::filesystem::copy_file(file_ + suffix, (other / "bank.db").string() + suffix);
        if (!std::filesystem::exists(file_)) return "there is no store";
        if (contents(other / "bank.db") != text_) return "it says something else";
        return format_of(other / "bank.db") == 2 ? problem_with_indices(other / "bank.db") : "";
    }

    /// The same of an upgrade that is complete.
    [[nodiscard]] std::string problem_after_upgrade() const {
        if (format_of(file_) != 2) return "it is not upgraded";
        if (contents(file_) != text_) return "it says something else";
        if (auto problem = problem_with_indices(file_); !problem.empty()) return problem;
        if (!std::filesystem::exists(kept()) || contents(kept()) != text_) return "the old file is not kept";
        for (const auto& each : std::filesystem::directory_iterator(directory_.path)) {
            const auto name = each.path().filename().string();
            if (name != "bank.db" && name != "bank.db-lock" && name != "bank.db.format-1") return name + " is left";
        }
        return {};
    }

private:
    temp_dir directory_;
    std::string file_ = (directory_ / "bank.db").string();
    std::map<std::string, std::string> before_;
    std::string text_;
};

}  // namespace testing

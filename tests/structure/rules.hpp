#pragma once

#include "structure/source_tree.hpp"

#include <string>
#include <vector>

/// Each rule returns a sentence for each breach: where it is, what is wrong, and what to do.
using breaches = std::vector<std::string>;

/// A wing includes lower wings only; commands and projections, and the engines, do not include each other.
breaches upward_includes(const std::vector<source_file>& sources);

/// A private header (beside the sources of a wing) is included by the sources of this wing and by its tests only, never
/// by a public header; samples, benchmarks and docs include no private and no detail header at all.
breaches foreign_private_headers(const std::vector<source_file>& sources);

/// No public header includes an engine's header, one of OpenSSL or a generated one.
breaches leaked_headers(const std::vector<source_file>& sources);

/// Directly in include/stele there are only the umbrella headers of the targets, and each has one.
breaches stray_umbrellas(const std::vector<source_file>& sources);

/// An umbrella header includes every public header of its wing, and stele.hpp every umbrella but testing.hpp.
breaches incomplete_umbrellas(const std::vector<source_file>& sources);

/// A file of the library has at most 300 lines.
breaches long_files(const std::vector<source_file>& sources);

/// A folder holds at most 25 files; cases and data are excepted.
breaches full_folders(const std::vector<std::string>& files);

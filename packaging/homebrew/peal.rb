# SPDX-License-Identifier: MIT
# The library and the command. url and sha256 are those of a tarball of make
# dist: brew install --build-from-source ./packaging/homebrew/peal.rb --HEAD
# takes the repository that it stands in.
class Peal < Formula
  desc "Socket.IO for C: server, client, command"
  homepage "https://socket.io/docs/v4/"
  license "MIT"
  head "file://#{File.expand_path("../..", __dir__)}", using: :git

  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "pkg-config" => [:build, :test]
  depends_on "curl"
  depends_on "hiredis"
  depends_on "jpeg-turbo"
  depends_on "libpng"
  depends_on "libuv"
  depends_on :linux
  depends_on "openssl@3"
  depends_on "sqlite"
  depends_on "zlib"

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja",
           "-DPEAL_KIT=OFF", "-DPEAL_ADMIN=OFF", "-DPEAL_TESTS=OFF",
           *std_cmake_args
    system "cmake", "--build", "build", "--target", "peal_all"
    system "cmake", "--install", "build"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/peal --version") if build.stable?
    (testpath/"version.c").write <<~C
      #include <peal/base.h>
      #include <stdio.h>
      int main(void) { return puts(peal_version()) < 0; }
    C
    flags = shell_output("pkg-config --cflags --libs peal").chomp.split
    system ENV.cc, "version.c", "-o", "version", *flags
    system "./version"
  end
end

//===- CsvTest.cpp - Tables of numbers as text ----------------------------===//
//
// Part of modc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What people's CSV files look like, and what is wrong with them: each message
// names the line and the column.
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Csv.h"

#include "TestFiles.h"

#include <cmath>

using namespace modc;
using namespace modc::test;

namespace {

Result<Csv> read(std::string_view text, int64_t targets = 1,
                 DType type = DType::F64) {
  return readCsv(fileOf(text, "t.csv"), {targets, type});
}

std::vector<double> inputs(const Result<Csv> &csv) {
  EXPECT_TRUE(csv) << messageOf(csv);
  return csv ? *csv->inputs.convert<double>() : std::vector<double>();
}

using Values = std::vector<double>;

TEST(Csv, SplitsInputsFromTargets) {
  Result<Csv> csv = read("1,2,3\n4,5,6\n", 1, DType::F32);
  ASSERT_TRUE(csv) << messageOf(csv);
  EXPECT_EQ(csv->inputs.type, DType::F32);
  EXPECT_EQ(csv->inputs.shape, (Shape{2, 2}));
  EXPECT_EQ(csv->targets.shape, (Shape{2, 1}));
  EXPECT_EQ(inputs(csv), (Values{1, 2, 4, 5}));
  EXPECT_EQ(*csv->targets.convert<int32_t>(), (std::vector<int32_t>{3, 6}));
  EXPECT_TRUE(csv->names.empty());
  csv = read("1,2,3\n", 2);
  EXPECT_EQ(csv->targets.shape, (Shape{1, 2}));
  csv = read("1,2,3\n", 0);
  EXPECT_EQ(csv->inputs.shape, (Shape{1, 3}));
  EXPECT_EQ(csv->targets.shape, (Shape{1, 0}));
}

TEST(Csv, FindsTheSeparator) {
  EXPECT_EQ(read("1;2")->separator, ';');
  EXPECT_EQ(read("1\t2")->separator, '\t');
  EXPECT_EQ(read("1,2")->separator, ',');
  EXPECT_EQ(read("\"a,b\";c\n1;2")->separator, ';');
  EXPECT_EQ(read("5", 0)->separator, ',');
}

TEST(Csv, ReadsAHeader) {
  Result<Csv> csv = read("\"a, \"\"b\"\"\", c d ,y\n1,2,3");
  ASSERT_TRUE(csv) << messageOf(csv);
  EXPECT_EQ(csv->names, (std::vector<std::string>{"a, \"b\"", "c d", "y"}));
  EXPECT_EQ(csv->inputs.shape, (Shape{1, 2}));
}

TEST(Csv, ReadsWhatSpreadsheetsWrite) {
  Values expected{1, 3};
  EXPECT_EQ(inputs(read("1,2\r\n3,4\r\n")), expected);
  EXPECT_EQ(inputs(read("1,2\n3,4")), expected);
  EXPECT_EQ(inputs(read("\xef\xbb\xbf"
                        "1,2\n3,4\n")),
            expected);
  EXPECT_EQ(inputs(read("\n1,2\n\n  \n3,4\n\n")), expected);
  EXPECT_EQ(inputs(read(" 1 , 2\n\"3\",\" 4 \"\n")), expected);
  EXPECT_EQ(inputs(read("x\ty\n 1\t2\n3 \t4\n")), expected);
}

TEST(Csv, ReadsNumbersExactly) {
  EXPECT_EQ(inputs(read("0.1,-2e-3,+5,.5,5.,1E2,-0,0\n")),
            (Values{0.1, -2e-3, 5, .5, 5, 100, -0.0}));
  // A float by way of a double would be rounded twice, to the neighbour.
  Result<Csv> csv = read("1.000000059604644775390626,0\n", 1, DType::F32);
  EXPECT_EQ(csv->inputs.as<float>()[0], 1.00000011920929f);
}

TEST(Csv, FlushesTinyNumbersAndRefusesHugeOnes) {
  EXPECT_EQ(inputs(read("1e-400,-1e-400,1e-99999999999999999999,0\n")),
            (Values{0, 0, 0}));
  EXPECT_TRUE(std::signbit(inputs(read("-1e-400,0"))[0]));
  EXPECT_EQ(inputs(read("1e-310,0\n")), (Values{1e-310}));
  EXPECT_EQ(inputs(read("1e-60,1e-40,0\n", 1, DType::F32)),
            (Values{0, double(1e-40f)}));
  std::string zeros(500, '0');
  EXPECT_EQ(inputs(read("0." + zeros + "1,0\n")), (Values{0}));
  EXPECT_EQ(inputs(read("1" + zeros + "e-500,0\n")), (Values{1}));
  EXPECT_REFUSED(read("1" + zeros + ",0\n"), "out of the range of f64");
  EXPECT_REFUSED(read("0,1e400\n"),
                 "'t.csv': line 1, column 2: '1e400' is out of the range of "
                 "f64");
  EXPECT_REFUSED(read("1e39,0\n", 1, DType::F32), "out of the range of f32");
  EXPECT_REFUSED(read("1e99999999999999999999,0\n"), "out of the range");
}

TEST(Csv, RefusesWhatIsNoNumber) {
  EXPECT_REFUSED(read("a,b\n1,2\n3,x4\n"),
                 "'t.csv': line 3, column 2: 'x4' is not a number");
  EXPECT_REFUSED(read("1,2\n3,\n"), "line 2, column 2: field is empty");
  EXPECT_REFUSED(read("1,2\n,4\n"), "line 2, column 1: field is empty");
  EXPECT_REFUSED(read("1,2\n3,nan\n"),
                 "line 2, column 2: 'nan' is not a finite number");
  EXPECT_REFUSED(read("1,2\n-inf,3\n"), "'-inf' is not a finite number");
  for (const char *bad : {"1.2.3", "1 2", "0x10", "1e", "--1", "+-1", "+", "-",
                          "\"1", "1\"", "1_000", "1,5\0"})
    EXPECT_REFUSED(read("0;0\n0;" + std::string(bad)), "is not a number");
  EXPECT_REFUSED(read(std::string("0,0\n0,1\0", 8)), "'1\\x00' is not");
}

TEST(Csv, RefusesADamagedFirstLine) {
  EXPECT_REFUSED(read("1,x2,3\n4,5,6\n"),
                 "line 1, column 2: 'x2' is not a number, and other fields of "
                 "the line are");
}

TEST(Csv, RefusesRaggedRows) {
  EXPECT_REFUSED(read("1,2\n\n3\n"),
                 "'t.csv': line 3 has 1 columns but line 1 has 2");
  // Many columns and many short rows: no memory is set aside for the product.
  EXPECT_REFUSED(read("a" + std::string(100000, ',') + "\n1\n" +
                      std::string(1 << 20, '1')),
                 "line 2 has 1 columns but line 1 has 100001");
  EXPECT_REFUSED(read("a,b\n1,2,3\n"), "line 2 has 3 columns but line 1 has 2");
}

TEST(Csv, RefusesTablesWithoutContents) {
  EXPECT_REFUSED(read(""), "'t.csv': file has no rows");
  EXPECT_REFUSED(read("\n \n"), "file has no rows");
  EXPECT_REFUSED(read("a,b\n"), "file has a header but no rows");
  EXPECT_REFUSED(read("1\n"), "line 1 has 1 columns, which leaves no input "
                              "beside 1 of targets");
  EXPECT_REFUSED(read("1,2\n", 2), "leaves no input");
  EXPECT_REFUSED(read("1,2\n", -1), "-1 target columns");
  EXPECT_REFUSED(read("1,2\n", 1, DType::I32), "not as i32");
}

TEST(Csv, CountsEveryRowOfALargeTable) {
  std::string text = "x,y\n";
  for (int i = 0; i < 200000; ++i)
    text += std::to_string(i) + "," + std::to_string(i % 7) + "\n";
  Result<Csv> csv = read(text, 1, DType::F32);
  ASSERT_TRUE(csv) << messageOf(csv);
  ASSERT_EQ(csv->inputs.shape, (Shape{200000, 1}));
  for (int i = 0; i < 200000; ++i)
    ASSERT_EQ(csv->inputs.as<float>()[i], float(i));
}

} // namespace

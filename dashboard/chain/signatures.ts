/** An event of a well-known standard, as its standard declares it, and the hash of its signature. */
export interface Signature {
  readonly standard: string;
  readonly declaration: string;
  readonly topic0: string;
}

/** Two standards may share a hash: which of their arguments are indexed tells them apart. */
export const SIGNATURES: readonly Signature[] = [
  {
    standard: 'ERC-20',
    declaration: 'Transfer(address indexed from, address indexed to, uint256 value)',
    topic0: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
  },
  {
    standard: 'ERC-721',
    declaration: 'Transfer(address indexed from, address indexed to, uint256 indexed tokenId)',
    topic0: '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
  },
  {
    standard: 'ERC-20',
    declaration: 'Approval(address indexed owner, address indexed spender, uint256 value)',
    topic0: '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925',
  },
  {
    standard: 'ERC-721',
    declaration: 'Approval(address indexed owner, address indexed approved, uint256 indexed tokenId)',
    topic0: '0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925',
  },
  {
    standard: 'ERC-721 and ERC-1155',
    declaration: 'ApprovalForAll(address indexed owner, address indexed operator, bool approved)',
    topic0: '0x17307eab39ab6107e8899845ad3d59bd9653f200f220920489ca2b5937696c31',
  },
  {
    standard: 'ERC-1155',
    declaration:
      'TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value)',
    topic0: '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62',
  },
  {
    standard: 'ERC-1155',
    declaration:
      'TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values)',
    topic0: '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb',
  },
  {
    standard: 'ERC-1155',
    declaration: 'URI(string value, uint256 indexed id)',
    topic0: '0x6bb7ff708619ba0610cba295a58592e0451dee2622938c8755667688daf3529b',
  },
  {
    standard: 'Uniswap v2',
    declaration:
      'Swap(address indexed sender, uint256 amount0In, uint256 amount1In, uint256 amount0Out, uint256 amount1Out, address indexed to)',
    topic0: '0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822',
  },
  {
    standard: 'Uniswap v3',
    declaration:
      'Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)',
    topic0: '0xc42079f94a6350d7e6235f29174924f928cc2ac818eb64fed8004e115fbcca67',
  },
];

interface Parameter {
  readonly type: string;
  readonly name: string;
  readonly isIndexed: boolean;
}

export const nameIn = (declaration: string): string => declaration.slice(0, declaration.indexOf('('));

export const parametersIn = (declaration: string): Parameter[] =>
  declaration
    .slice(declaration.indexOf('(') + 1, -1)
    .split(', ')
    .map((parameter) => {
      const words = parameter.split(' ');
      return { type: words[0] ?? '', name: words.at(-1) ?? '', isIndexed: words[1] === 'indexed' };
    });
